"""How values are read: as people mean them, or refused with the field named."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.api.in_process import JSON_TYPE, Header, InProcess, launch, new_job, opened, upload
from tests.api.odd_values import Sent
from tests.processes import tags_payload


@pytest.fixture(scope="module")
def app(scratch: Path, new_database: Callable[[], str]) -> Generator[InProcess]:
    with opened(new_database(), scratch / "var-values") as found:
        yield found


@pytest.fixture(scope="module")
def ana(app: InProcess) -> Header:
    return app.bearer("ana@values.example.com")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1_0", 400), ("limit=%2B5", 400), ("limit=%D9%A1", 400), ("limit=5.0", 400), ("limit=5", 200),
        ("since=2026-01-31T09:00:00+13:00", 200), ("since=2026-01-31", 200), ("since=%D9%A12026-01-31", 400),
        ("since=20260131", 400), ("since=2026-W01-1", 400), ("since=9999-12-31T23:59:59-12:00", 400), ("since=1769850000", 400),
        ("status=pending&status=failed", 200), ("status=pending&status=sleeping", 400), ("orderBy=createdAt&orderBy=status", 400),
        ("restaurantId=%D9%A1" + "1" * 31, 400), ("restaurantId=urn:uuid:11111111-1111-1111-1111-111111111111", 400),
    ],
)  # fmt: skip
def test_a_list_reads_what_people_mean_and_refuses_the_rest(
    app: InProcess, ana: Header, query: str, status: int
) -> None:
    answer = app.ask(Sent("GET", f"/api/jobs?{query}"), ana)

    assert answer.status == status, answer.body
    if status == 400:
        assert json.loads(answer.body)["error"]["fields"][0]["path"] == query.split("=")[0]


def test_a_status_twice_means_both(app: InProcess, ana: Header) -> None:
    job_id = new_job(app, ana)
    app.ask(Sent("DELETE", f"/api/jobs/{job_id}"), ana)
    new_job(app, ana)
    page = json.loads(app.ask(Sent("GET", "/api/jobs?status=cancelled&status=pending&limit=100"), ana).body)

    assert {job["status"] for job in page["jobs"]} == {"cancelled", "pending"}


@pytest.mark.parametrize(
    ("text", "shown"), [("0", False), ("false", False), ("no", False), ("OFF", False), ("1", True), ("yes", True)]
)
def test_a_switch_is_read_as_people_write_it(app: InProcess, ana: Header, text: str, *, shown: bool) -> None:
    answer = app.ask(Sent("GET", f"/api/jobs/{new_job(app, ana)}/status?includeProgress={text}"), ana)

    assert ("progress" in json.loads(answer.body)) is shown


def test_a_switch_that_is_none_is_named(app: InProcess, ana: Header) -> None:
    answer = app.ask(Sent("GET", f"/api/jobs/{new_job(app, ana)}/status?includeProgress=maybe"), ana)

    assert json.loads(answer.body)["error"]["fields"] == [
        {"path": "includeProgress", "message": "must be true or false"}
    ]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"runAt": 123}, "runAt"),
        ({"runAt": "123"}, "runAt"),
        ({"runAt": "2026-12-01T10:00:00"}, "runAt"),
        ({"runAt": "9999-12-31T23:59:59-12:00"}, "runAt"),
        ({"runAt": True}, "runAt"),
        ({"restaurantId": 7}, "restaurantId"),
        ({"dependsOn": ["\0"]}, "dependsOn.0"),
        ({"dependsOn": ["JOB_20260101_000000_00000000", "x" * 5_000]}, "dependsOn.0"),
        ({"payload": tags_payload(restaurantName="\u200b\u2060\ufeff")}, "restaurantName"),
        ({"payload": tags_payload(restaurantName="a\0b")}, "restaurantName"),
        ({"payload": tags_payload(itemTags=[{"name": "\u3164\u200d", "color": "#123456"}])}, "itemTags.0.name"),
        ({"metadata": {"a": [{"b": "\0"}]}}, "metadata.a.0.b"),
    ],
)
def test_a_value_that_does_not_fit_is_named(app: InProcess, ana: Header, more: dict[str, Any], path: str) -> None:
    answer = launch(app, ana, **more)

    assert answer.status == 400, answer.body
    assert json.loads(answer.body)["error"]["fields"][0]["path"] == path


@pytest.mark.parametrize(
    ("body", "path"), [('{"keep": 0}', "keep"), ('{"keep": "false"}', "keep"), ('{"keep": null}', "keep")]
)
def test_a_switch_in_json_is_a_boolean(app: InProcess, ana: Header, body: str, path: str) -> None:
    sent = Sent("POST", f"/api/jobs/{new_job(app, ana)}/keep", (JSON_TYPE,), body.encode())

    assert json.loads(app.ask(sent, ana).body)["error"]["fields"][0]["path"] == path


def test_six_characters_that_look_like_a_nul_are_six_characters(app: InProcess, ana: Header) -> None:
    assert launch(app, ana, metadata={"code": "x.replace(/\\u0000/g, '')"}).status == 202


def test_a_prerequisite_is_found_by_either_name_however_it_is_written(app: InProcess, ana: Header) -> None:
    job_id = new_job(app, ana)
    id_ = json.loads(app.ask(Sent("GET", f"/api/jobs/{job_id}"), ana).body)["job"]["id"]

    for name in (job_id, id_, id_.upper()):
        assert launch(app, ana, dependsOn=[name]).status == 202


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"menu\0.csv", "menu.csv"), ("me\u202enu\u200b.csv".encode(), "menu.csv"), (b"../../etc/menu.csv", "menu.csv"),
        (b"a\x1b[31m.csv", "a[31m.csv"), ("Menü – 1.csv".encode(), "Menü – 1.csv"),
    ],
)  # fmt: skip
def test_a_file_gets_a_name_that_can_be_shown(app: InProcess, ana: Header, name: bytes, kept: str) -> None:
    answer = upload(app, ana, name)

    assert answer.status == 201, answer.body
    assert json.loads(answer.body)["file"]["name"] == kept
