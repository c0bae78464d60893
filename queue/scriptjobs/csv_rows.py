"""Rows of a CSV file with the line on which each begins, whatever separator it has; bounded, whatever is in it.

Lines are counted as an editor shows them, from 1. A row with line breaks inside quotes counts from where it begins.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

# The largest menus have a few thousand dishes with twenty columns. These limits bound the work that a file can make.
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_LINES = 200_000
MAX_LINE_CHARACTERS = 500_000
MAX_FIELD_CHARACTERS = csv.field_size_limit()

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class BadCsv(ValueError):
    """The file breaks the rules of CSV, or a limit: on `line`, in the field number `field` (from 0) if known."""

    def __init__(self, line: int, message: str, field: int | None = None) -> None:
        super().__init__(message)
        self.line, self.message, self.field = line, message, field


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Separator:
    """The character between two fields, its name, and whether a first line `sep=…` names it."""

    sign: str
    name: str
    is_declared: bool


def find_separator(text: str, known_columns: frozenset[str]) -> Separator:
    """The separator: that of a first line `sep=;`, else the one by which the header has the most known columns.

    `known_columns` are in lower case. A comma, where nothing is certain.
    """
    header = next((line for line in text[:MAX_LINE_CHARACTERS].split("\n") if line.strip()), "").strip("\r")
    if text.casefold().startswith("sep=") and header[4:5] in _SEPARATORS:
        return Separator(header[4], _SEPARATORS[header[4]], is_declared=True)
    cells = {sign: [cell.strip(' "').casefold() for cell in header.split(sign)] for sign in _SEPARATORS}
    known = {sign: len(known_columns.intersection(parts)) for sign, parts in cells.items()}
    best = max(_SEPARATORS, key=lambda sign: known[sign])  # the comma comes first
    sign = best if known[best] > 1 else ","
    return Separator(sign, _SEPARATORS[sign], is_declared=False)


def read_rows(text: str, separator: Separator) -> Iterator[Row]:
    """The rows with anything in them, the header first.

    Raises:
        BadCsv: a quote is wrong, or a limit is passed.
    """
    lines = _Lines(text)
    if separator.is_declared:
        next(lines, None)
    reader = csv.reader(lines, delimiter=separator.sign, strict=True)
    count = 0
    while True:
        start = lines.number + 1
        lines.of_row.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _explain(str(error), lines, start, separator.sign) from error
        if not any(cell and not cell.isspace() for cell in cells):
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise BadCsv(start, f"the file has more than {MAX_ROWS:,} rows")
        if len(cells) > MAX_COLUMNS:
            raise BadCsv(start, f"this row has more than {MAX_COLUMNS} fields")
        yield Row(start, cells)


class _Lines:
    """The lines of a text, their endings kept, counted and bounded. Those of one row are kept to explain a fault."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.number = 0
        self.of_row: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._lines.readline(MAX_LINE_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE_CHARACTERS:
            raise BadCsv(self.number, f"the line has more than {MAX_LINE_CHARACTERS:,} characters")
        if self.number > MAX_LINES:
            raise BadCsv(self.number, f"the file has more than {MAX_LINES:,} lines")
        self.of_row.append(line)
        return line


def _explain(said: str, lines: _Lines, start: int, separator: str) -> BadCsv:
    """What the reader's error means, and where the fault is: it notices some faults only lines later."""
    opened = _last_opening("".join(lines.of_row), separator)
    if "field larger" in said:
        message = f"this field has more than {MAX_FIELD_CHARACTERS:,} characters; perhaps a quote is never closed"
        return BadCsv(start + opened.line, message, opened.field)
    if "end of data" in said:
        return BadCsv(start + opened.line, "a quote is opened and never closed", opened.field)
    return BadCsv(lines.number, "text stands beside a quoted field", opened.field)


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where a quoted field begins: its line in the row and its number, both from 0."""

    line: int
    field: int


def _last_opening(row: str, separator: str) -> _Opening:
    """Where the last quoted field of a row begins."""
    field = line = 0
    is_open = False
    found = _Opening(0, 0)
    for before, sign in zip(separator + row, row, strict=False):
        if sign == '"' and not is_open and before in (separator, '"'):
            # After a separator it opens the field; after a quote, it was one of a doubled pair.
            is_open = True
            found = _Opening(line, field) if before == separator else found
        elif sign == '"':
            is_open = False
        elif sign == separator and not is_open:
            field += 1
        elif sign == "\n":
            line += 1
    return found
