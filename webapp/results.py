"""A result for people, whatever its job type: a message, facts, tables out of lists of objects, lists of texts."""

from dataclasses import dataclass
from typing import Any, cast

from scriptjobs.job_types import JobType
from scriptjobs.sealing import SHOWN

_CAPITALS = frozenset({"api", "csv", "id", "url", "uuid"})


@dataclass(frozen=True, slots=True)
class Said:
    """A value: its text, whether it is a web address, whether it is a secret that is shown to nobody."""

    text: str
    is_link: bool = False
    is_sealed: bool = False

    @classmethod
    def of(cls, value: Any) -> "Said":
        """The value as a person reads it; None reads as nothing."""
        if isinstance(value, bool):
            return cls("yes" if value else "no")
        text = "" if value is None else str(value)
        return cls(text, is_link=text.startswith(("https://", "http://")), is_sealed=text == SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list of objects. Columns that are empty in every row are left out."""

    title: str
    columns: list[str]
    rows: list[list[Said]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """A result. `lists` are titles with their lines; lists that name nothing but steps stand in the steps already."""

    message: str
    is_partial: bool
    facts: list[tuple[str, Said]]
    tables: list[Table]
    lists: list[tuple[str, list[str]]]
    raw: dict[str, Any]

    @classmethod
    def from_result(cls, result: dict[str, Any], job_type: JobType | None) -> "ResultView":
        """The view of a stored result; `job_type` is None when the type is no longer installed."""
        ordered = job_type.in_order(result) if job_type else result
        data: dict[str, Any] = ordered.get("data") or {}
        steps = set(job_type.steps) if job_type else set[str]()
        filled = {key: cast("list[Any]", value) for key, value in data.items() if isinstance(value, list) and value}
        return cls(
            message=str(ordered.get("message", "")),
            is_partial=bool(ordered.get("partial")),
            facts=[
                (words(key), Said.of(value))
                for key, value in data.items()
                if value is not None and not isinstance(value, list | dict)
            ],
            tables=[_table(key, rows) for key, rows in filled.items() if all(isinstance(row, dict) for row in rows)],
            lists=[
                (words(key), [str(line) for line in lines])
                for key, lines in filled.items()
                if not any(isinstance(line, dict) for line in lines) and not steps.issuperset(map(str, lines))
            ],
            raw=ordered,
        )


def words(key: str) -> str:
    """`itemsCreated` as "Items created", `store_url` as "Store URL"."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in key).replace("_", " ").split()
    first, *rest = (word.upper() if word in _CAPITALS else word for word in spaced)
    return " ".join([first[:1].upper() + first[1:], *rest])


def _table(key: str, rows: list[dict[str, Any]]) -> Table:
    named = dict.fromkeys(name for row in rows for name in row)
    columns = [name for name in named if any(row.get(name) not in (None, "") for row in rows)]
    return Table(
        title=words(key),
        columns=[words(name) for name in columns],
        rows=[[Said.of(row.get(name)) for name in columns] for row in rows],
    )
