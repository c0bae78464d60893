"""What commands print: tables for people, whole lines with tabs for pipes, JSON on request."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on a terminal. Into a pipe: a line for each row, whole, its columns separated by tabs."""
    shown = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(columns), *shown]:
            sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
        return
    table = Table(*columns)
    table.columns[0].no_wrap = True
    for row in shown:
        table.add_row(*map(escape, row))
    console.print(table)


def show_json(value: Any) -> None:
    """JSON, in colours on a terminal."""
    if sys.stdout.isatty():
        console.print_json(data=value, default=_plain)
    else:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def show(text: str) -> None:
    """A line as it is: nothing of it is taken for a colour, and it is never broken."""
    console.print(text, markup=False, soft_wrap=True)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
