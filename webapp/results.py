"""A result for people, whatever its job type: a message, facts, tables out of lists of objects, lists of texts.

A command in another language may print any JSON as its result, so nothing is taken for granted about its shape.
"""

import json
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
        text = "" if value is None else _text(value)
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
        data = dict(data_of(ordered))
        if isinstance(ordered.get("warnings"), list):
            data = {"warnings": ordered["warnings"], **{key: data[key] for key in data if key != "warnings"}}
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
            tables=[_table(key, rows) for key, rows in filled.items() if _is_table(rows)],
            lists=[
                (words(key), texts)
                for key, lines in filled.items()
                if not _is_table(lines) and not steps.issuperset(texts := [_text(line) for line in lines])
            ],
            raw=ordered,
        )


def data_of(result: dict[str, Any]) -> dict[str, Any]:
    """The data of a result; what is no object is called `data`."""
    data: Any = result.get("data")
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {"data": data} if data else {}


def warnings_of(result: dict[str, Any]) -> list[str]:
    """What a person should know of a job that completed: the result's own warnings, else those among its data."""
    for said in (result.get("warnings"), data_of(result).get("warnings")):
        if isinstance(said, list) and said:
            return [_text(line) for line in cast("list[Any]", said)]
    return []


def count_failed(result: dict[str, Any]) -> int:
    """How many of its details say that they failed; else the number that it gives itself, 0 when it gives none."""
    data = data_of(result)
    details: Any = data.get("details")
    rows = cast("list[Any]", details) if isinstance(details, list) else []
    said: Any = data.get("itemsFailed")
    return sum(_is_failed(row) for row in rows) or (said if isinstance(said, int) else 0)


def failed_names(result: dict[str, Any]) -> list[str]:
    """The names of those details that failed; what has no name cannot be tried alone."""
    details: Any = data_of(result).get("details")
    rows = cast("list[Any]", details) if isinstance(details, list) else []
    return [str(row["name"]) for row in rows if _is_failed(row) and row.get("name")]


def words(key: str) -> str:
    """`itemsCreated` as "Items created", `store_url` as "Store URL"."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in key).replace("_", " ").split()
    said = " ".join(word.upper() if word in _CAPITALS else word for word in spaced)
    return said[:1].upper() + said[1:]


def _table(key: str, rows: list[dict[str, Any]]) -> Table:
    named = dict.fromkeys(name for row in rows for name in row)
    columns = [name for name in named if any(row.get(name) not in (None, "") for row in rows)]
    return Table(
        title=words(key),
        columns=[words(name) for name in columns],
        rows=[[Said.of(row.get(name)) for name in columns] for row in rows],
    )


def _is_table(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) for row in rows)


def _is_failed(row: Any) -> bool:
    return isinstance(row, dict) and cast("dict[str, Any]", row).get("status") == "failed"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
