"""What a schema marks is found wherever it stands."""

from typing import Any

from pydantic import BaseModel, Field

from portal_scripts.setup_system_settings import Result
from scriptjobs.job_types import JobTypes
from scriptjobs.marked_values import change_marked


class Leaf(BaseModel):
    name: str
    key: str = Field(json_schema_extra={"x-mark": "yes"})


class Tree(BaseModel):
    leaves: list[Leaf]
    best: Leaf | None = None


def test_marked_texts_are_changed_in_lists_references_and_optional_parts() -> None:
    seen: list[str] = []

    def change(value: str, mark: Any, path: str) -> str:
        seen.append(path)
        return f"{mark}:{value}"

    tree = {"leaves": [{"name": "n", "key": "a"}, {"name": "n", "key": "b"}], "best": {"name": "n", "key": "c"}, "more": "x"}  # fmt: skip

    changed = change_marked(tree, Tree.model_json_schema(), "x-mark", change)

    assert changed["leaves"][1] == {"name": "n", "key": "yes:b"}
    assert changed["best"]["key"] == "yes:c"
    assert changed["more"] == "x"
    assert seen == ["leaves.0.key", "leaves.1.key", "best.key"]
    assert tree["leaves"][0]["key"] == "a"


def test_an_absent_part_stays_absent() -> None:
    tree = {"leaves": [], "best": None}

    assert change_marked(tree, Tree.model_json_schema(), "x-mark", lambda *_: "changed") == tree


def test_every_secret_of_a_result_is_marked() -> None:
    kind = JobTypes.load("portal_scripts").get("setup-system-settings")
    result = Result.model_validate(
        {
            "message": "m",
            "data": {
                "applied": [], "skipped": [], "details": [], "webhook_secret": "s1",
                "printers": [{"name": "Receipt", "status": "created", "api_key": "s2"}],
            },
        }
    )  # fmt: skip
    found = result.model_dump(mode="json", by_alias=True, context={"seal": str})

    covered = kind.change_secrets(found, lambda _: "hidden")

    assert "s1" in str(found)
    assert "s2" in str(found)
    assert not {"s1", "s2"} & set(str(covered).replace("'", " ").split())
    assert sorted(kind.secret_names) == ["apiKey", "webhookSecret"]
