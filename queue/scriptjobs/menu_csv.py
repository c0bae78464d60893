"""Reads a restaurant's menu from a CSV file: what is in it, what is wrong with it and where, and a clean copy.

The columns are those of portal/PORTAL.md (Menu CSV columns). Lines are counted as an editor shows them, from 1 with the
header, and a row with line breaks inside quotes counts from where it begins.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Protocol

from scriptjobs.errors import ScriptJobsError

LIMIT_BYTES = 10 * 1024 * 1024
REQUIRED = ("menuName", "categoryName", "dishName", "dishPrice")
COLUMNS = (
    "menuID", "menuName", "menuDisplayName", "menuDescription", "categoryID", "categoryName", "categoryDisplayName",
    "categoryDescription", "dishID", "dishName", "dishPrice", "dishType", "dishDescription", "displayName",
    "printName", "tags", "imageURL", "isCDNImage", "imageCDNID", "imageCDNFilename", "imageExternalURL",
)  # fmt: skip
# A menu of a few thousand dishes can repeat one fault in every row; a person reads the first ones.
PROBLEM_LIMIT = 200
_PRICE = re.compile(
    r"^(?P<sign>NZD|AUD|USD|GBP|CAD|[A-Z]{0,3}[$£€])?\s*(?P<number>-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d*[.,]?\d+)$"
)
_TOO_DEAR = Decimal(10_000)
# A field this long or with this many line breaks has swallowed rows, which a quote that is never closed does.
_SWALLOWED_LINES = 3


# What csv.reader gives; the module has no name for it.
class Reader(Protocol):
    """Rows of a file, and the number of the line that was read last."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """The rows."""
        ...


_ALIASES = {name.casefold(): name for name in COLUMNS}


class BadMenu(ScriptJobsError):
    """The menu file cannot be imported."""

    code = "VALIDATION_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about the file, at a line (from 1) and perhaps a column, by name. Errors forbid the import."""

    line: int
    column: str | None
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.message}"


@dataclass(slots=True)
class Menu:
    """A file as it was read: `rows` with cleaned values by column name, `problems` in the order of their lines."""

    columns: list[str] = field(default_factory=list[str])
    rows: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def errors(self) -> list[Problem]:
        """What forbids the import."""
        return [problem for problem in self.problems if problem.is_error]

    @property
    def warnings(self) -> list[Problem]:
        """What a person should know, and what was corrected."""
        return [problem for problem in self.problems if not problem.is_error]

    @property
    def categories(self) -> dict[str, int]:
        """Names of categories with the number of their items, in the file's order."""
        return dict(Counter(row["categoryName"] for row in self.rows))

    def must_be_good(self, name: str = "The menu file") -> None:
        """Raises BadMenu, naming the first errors, when there are any (`problems`: all of them)."""
        if not self.errors:
            return
        more = f" And {len(self.errors) - 3} more." if len(self.errors) > 3 else ""
        first = "; ".join(str(problem) for problem in self.errors[:3])
        raise BadMenu(f"{name} cannot be imported: {first}.{more}", problems=[str(problem) for problem in self.errors])

    def as_csv(self) -> bytes:
        """A clean copy: UTF-8 without a mark, prices with two decimals and no sign, quotes doubled."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue().encode()


def read_menu(content: bytes) -> Menu:
    """Read a whole file. It never raises for what is in the file; see `Menu.problems`."""
    menu = Menu()
    text = _decode(content, menu)
    if text is None:
        return menu
    if not text.strip():
        return _with(menu, Problem(line=1, column=None, message="the file is empty"))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        _read_header(next(reader), menu)
        _read_rows(reader, menu)
    except csv.Error as error:
        said = (
            "a quote is opened and never closed" if "end of data" in str(error) else "text stands beside a quoted field"
        )
        line = _unbalanced_line(text) or reader.line_num
        _with(menu, Problem(line=line, column=None, message=f"{said}; double each quote that is part of the text"))
    if menu.columns and not menu.rows and not menu.errors:
        _with(menu, Problem(line=2, column=None, message="there is no row below the header"))
    return menu


def _decode(content: bytes, menu: Menu) -> str | None:
    if len(content) > LIMIT_BYTES:
        _with(menu, Problem(line=1, column=None, message=f"the file is larger than {LIMIT_BYTES // 1024**2} MiB"))
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        said = "the file is UTF-16; save it as “CSV UTF-8”"
        _with(menu, Problem(line=1, column=None, message=said))
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        said = "a byte order mark at the beginning was left out"
        _with(menu, Problem(line=1, column=None, message=said, is_error=False))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = content.splitlines()[line - 1].decode("windows-1252", errors="replace")[:80]
        said = f"this is not UTF-8; in Windows-1252 it would read “{guess}”. Save the file as “CSV UTF-8”"
        _with(menu, Problem(line=line, column=None, message=said))
        return None


def _read_header(header: Sequence[str], menu: Menu) -> None:
    names = [name.strip() for name in header]
    menu.columns = [_ALIASES.get(name.casefold(), name) for name in names]
    for name in REQUIRED:
        if name not in menu.columns:
            _with(menu, Problem(line=1, column=name, message="this column is missing"))
    for name, times in Counter(menu.columns).items():
        if times > 1:
            _with(menu, Problem(line=1, column=name or "(no name)", message="this column stands there twice"))
    for name in menu.columns:
        if name not in COLUMNS:
            said = "the portal does not know this column"
            _with(menu, Problem(line=1, column=name or "(no name)", message=said, is_error=False))


def _read_rows(reader: Reader, menu: Menu) -> None:
    if menu.errors:
        return
    seen: dict[tuple[str, str], int] = {}
    line = reader.line_num + 1
    for cells in reader:
        start, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        row = _read_row(cells, start, menu)
        key = (row["categoryName"].casefold(), row["dishName"].casefold())
        if key in seen and row["dishName"]:
            said = f"“{row['dishName']}” stands in “{row['categoryName']}” on line {seen[key]} already"
            _with(menu, Problem(line=start, column="dishName", message=said, is_error=False))
        seen.setdefault(key, start)
        menu.rows.append(row)


def _read_row(cells: Sequence[str], line: int, menu: Menu) -> dict[str, str]:
    if len(cells) != len(menu.columns):
        said = f"this row has {len(cells)} fields, the header {len(menu.columns)}; look for a comma or a quote too many"
        _with(menu, Problem(line=line, column=None, message=said))
    row = {name: cell.strip() for name, cell in zip(menu.columns, cells, strict=False)}
    for name in REQUIRED:
        row.setdefault(name, "")
    for name, value in row.items():
        if value.count("\n") >= _SWALLOWED_LINES:
            said = f"this field goes on for {value.count(chr(10)) + 1} lines, so a broken quote has swallowed rows"
            _with(menu, Problem(line=line, column=name, message=said))
        if "�" in value:
            said = "a character was lost before, and stands there as �"
            _with(menu, Problem(line=line, column=name, message=said, is_error=False))
    for name in ("menuName", "categoryName", "dishName"):
        if not row[name]:
            _with(menu, Problem(line=line, column=name, message="is empty"))
    row["dishPrice"] = _read_price(row["dishPrice"], line, menu)
    return row


def _read_price(value: str, line: int, menu: Menu) -> str:
    if not value:
        said = "is empty; the dish will cost 0.00"
        _with(menu, Problem(line=line, column="dishPrice", message=said, is_error=False))
        return "0.00"
    found = _PRICE.match(value)
    number = _number(found["number"]) if found else None
    if found is None or number is None:
        _with(menu, Problem(line=line, column="dishPrice", message=f"“{value[:40]}” is no price"))
        return value
    if number < 0 or number >= _TOO_DEAR:
        _with(menu, Problem(line=line, column="dishPrice", message=f"{value} is no price of a dish"))
    if found["sign"] or "," in found["number"]:
        said = f"“{value}” is read as {number:.2f}"
        _with(menu, Problem(line=line, column="dishPrice", message=said, is_error=False))
    return f"{number:.2f}"


def _number(text: str) -> Decimal | None:
    """A number with a decimal point or comma; a comma before three digits parts thousands."""
    plain = text.replace(",", "") if re.search(r",\d{3}(\D|$)", text) else text.replace(",", ".")
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def _unbalanced_line(text: str) -> int | None:
    """The first line with an odd number of quotes: where a quote that is never closed most likely begins."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.count('"') % 2), None)


def _with(menu: Menu, problem: Problem) -> Menu:
    if len(menu.problems) < PROBLEM_LIMIT:
        menu.problems.append(problem)
    return menu
