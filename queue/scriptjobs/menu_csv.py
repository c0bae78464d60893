"""Reads a restaurant's menu from a CSV file: what is in it, what is wrong with it and where, and a clean copy."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scriptjobs.csv_rows import BadCsv, Row, Separator, find_separator, read_rows
from scriptjobs.errors import ScriptJobsError
from scriptjobs.names import fold_name, has_control
from scriptjobs.prices import read_price

LIMIT_BYTES = 10 * 1024 * 1024
REQUIRED = ("menuName", "categoryName", "dishName", "dishPrice")
# The columns that the portal knows.
COLUMNS = (
    "menuID", "menuName", "menuDisplayName", "menuDescription", "categoryID", "categoryName", "categoryDisplayName",
    "categoryDescription", "dishID", "dishName", "dishPrice", "dishType", "dishDescription", "displayName",
    "printName", "tags", "imageURL", "isCDNImage", "imageCDNID", "imageCDNFilename", "imageExternalURL",
)  # fmt: skip
# A menu of a few thousand dishes can repeat one fault in every row; a person reads the first ones. Errors and warnings
# are counted apart, so that no number of warnings hides an error.
PROBLEM_LIMIT = 200
# Fewer dishes in a menu, on average, and some other column was taken for the menu's name.
FEW_DISHES = 3

_ALIASES = {name.casefold(): name for name in COLUMNS}
_KNOWN = frozenset(_ALIASES)


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
    """A file as it was read: `rows` with cleaned values by column name, and `problems` in the order of their lines. Of
    `error_count` errors and `warning_count` warnings, the first 200 of each are kept.
    """

    columns: list[str] = field(default_factory=list[str])
    rows: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    problems: list[Problem] = field(default_factory=list[Problem])
    error_count: int = 0
    warning_count: int = 0

    def add_error(self, line: int, column: str | None, message: str) -> None:
        """Note what forbids the import."""
        self.error_count += 1
        if self.error_count <= PROBLEM_LIMIT:
            self.problems.append(Problem(line=line, column=column, message=message))

    def add_warning(self, line: int, column: str | None, message: str) -> None:
        """Note what a person should know, or what was corrected."""
        self.warning_count += 1
        if self.warning_count <= PROBLEM_LIMIT:
            self.problems.append(Problem(line=line, column=column, message=message, is_error=False))

    @property
    def errors(self) -> list[Problem]:
        """The first of those that forbid the import."""
        return [problem for problem in self.problems if problem.is_error]

    @property
    def warnings(self) -> list[Problem]:
        """The first of those that a person should know."""
        return [problem for problem in self.problems if not problem.is_error]

    @property
    def menus(self) -> dict[str, int]:
        """Names of menus with the number of their dishes, in the file's order."""
        return dict(Counter(row["menuName"] for row in self.rows))

    @property
    def categories(self) -> dict[str, int]:
        """Names of categories with the number of their dishes, in the file's order."""
        return dict(Counter(row["categoryName"] for row in self.rows))

    def must_be_good(self, name: str = "The menu file") -> None:
        """Raises BadMenu, naming the first errors, when there are any (`problems`: the first 200)."""
        if not self.error_count:
            return
        more = f" And {self.error_count - 3:,} more." if self.error_count > 3 else ""
        first = "; ".join(str(problem) for problem in self.errors[:3])
        raise BadMenu(f"{name} cannot be imported: {first}.{more}", problems=[str(problem) for problem in self.errors])

    def as_csv(self) -> bytes:
        """A clean copy: UTF-8 without a mark, commas, prices with two decimals and no sign, quotes doubled."""
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
        menu.add_error(1, None, "the file is empty")
        return menu
    separator = find_separator(text, _KNOWN)
    try:
        rows = read_rows(text, separator)
        header = next(rows, None)
        if header is None:
            menu.add_error(1, None, "the file is empty")
        else:
            _read_header(header, separator, menu)
        if not menu.error_count:
            _read_rows(rows, separator, menu)
    except BadCsv as error:
        is_named = error.field is not None and error.field < len(menu.columns)
        name = menu.columns[error.field] if is_named and error.field is not None else None
        help_ = "; double each quote that is part of the text" if "quote" in error.message else ""
        menu.error_count += 1
        # The reason why the rest was not read is told, however many problems come before it.
        menu.problems.append(Problem(line=error.line, column=name, message=error.message + help_))
    if menu.columns and not menu.rows and not menu.error_count:
        menu.add_error(2, None, "there is no row below the header")
    menu.problems.sort(key=lambda problem: problem.line)
    return menu


def _decode(content: bytes, menu: Menu) -> str | None:
    if len(content) > LIMIT_BYTES:
        menu.add_error(1, None, f"the file is larger than {LIMIT_BYTES // 1024**2} MiB")
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        menu.add_error(1, None, "the file is UTF-16; save it as “CSV UTF-8”")
        return None
    if b"\0" in content:
        menu.add_error(content.count(b"\n", 0, content.index(b"\0")) + 1, None, "this is not a text file")
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        menu.add_warning(1, None, "a byte order mark at the beginning was left out")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        begin = content.rfind(b"\n", 0, error.start) + 1
        guess = content[begin : begin + 400].split(b"\n")[0].decode("windows-1252", errors="replace").strip()[:80]
        said = f"this is not UTF-8; in Windows-1252 it would read “{guess}”. Save the file as “CSV UTF-8”"
        menu.add_error(content.count(b"\n", 0, error.start) + 1, None, said)
        return None


def _read_header(header: Row, separator: Separator, menu: Menu) -> None:
    names = [name.strip()[:80] for name in header.cells]
    menu.columns = [_ALIASES.get(name.casefold(), name) for name in names]
    if separator.sign != ",":
        menu.add_warning(header.line, None, f"the fields are separated by {separator.name}")
    for name in REQUIRED:
        if name not in menu.columns:
            menu.add_error(header.line, name, "this column is missing")
    for name, times in Counter(menu.columns).items():
        if times > 1:
            menu.add_error(header.line, name or "(no name)", "this column is there twice")
    for name in menu.columns:
        if name not in COLUMNS:
            menu.add_warning(header.line, name or "(no name)", "the portal does not know this column")


def _read_rows(rows: Iterator[Row], separator: Separator, menu: Menu) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for found in rows:
        row = _read_row(found, separator, menu)
        key = (fold_name(row["menuName"]), fold_name(row["categoryName"]), fold_name(row["dishName"]))
        if key in seen and row["dishName"]:
            said = f"“{row['dishName'][:80]}” is in “{row['categoryName'][:80]}” already, on line {seen[key]}"
            menu.add_warning(found.line, "dishName", said)
        seen.setdefault(key, found.line)
        menu.rows.append(row)
    menus = len(menu.menus)
    if menus > 1 and len(menu.rows) < menus * FEW_DISHES:
        said = f"the file has {menus:,} menus for {len(menu.rows):,} dishes; is this the column of the menu's name?"
        menu.add_warning(1, "menuName", said)


def _read_row(found: Row, separator: Separator, menu: Menu) -> dict[str, str]:
    line, cells = found.line, found.cells
    if len(cells) != len(menu.columns):
        said = (
            f"this row has {len(cells)} fields, the header has {len(menu.columns)}; "
            f"look for a separator or a quote too many"
        )
        menu.add_error(line, None, said)
    row = {name: cell.strip() for name, cell in zip(menu.columns, cells, strict=False)}
    for name in REQUIRED:
        row.setdefault(name, "")
    _check_texts(row, line, separator, menu)
    row["dishPrice"] = _read_price(row["dishPrice"], line, menu)
    return row


def _check_texts(row: dict[str, str], line: int, separator: Separator, menu: Menu) -> None:
    for name, value in row.items():
        if "\n" in value and _has_swallowed(value, menu.columns.index("dishPrice"), separator):
            said = f"this field goes on for {value.count(chr(10)) + 1} lines and holds other rows; a quote is missing"
            menu.add_error(line, name, said)
        if "�" in value:
            menu.add_warning(line, name, "a character was lost earlier and is now shown as �")
    for name in ("menuName", "categoryName", "dishName"):
        if not fold_name(row[name]):
            menu.add_error(line, name, "is empty")
        elif has_control(row[name]):
            menu.add_error(line, name, "holds a line break or another character that is not text")


def _has_swallowed(value: str, price_column: int, separator: Separator) -> bool:
    """Whether a line of the field looks like a row of its own: it has a price where rows have one. A description may
    well have many lines, with commas in them, which don't.
    """
    lines = value.replace('"', "").splitlines()[1:]
    return any(_is_price_at(line.split(separator.sign), price_column) for line in lines)


def _is_price_at(cells: Sequence[str], column: int) -> bool:
    if column >= len(cells) or not cells[column].strip():
        return False
    try:
        read_price(cells[column])
    except ValueError:
        return False
    return True


def _read_price(written: str, line: int, menu: Menu) -> str:
    if not written:
        menu.add_warning(line, "dishPrice", "is empty; the dish will cost 0.00")
        return "0.00"
    try:
        price = read_price(written)
    except ValueError as error:
        menu.add_error(line, "dishPrice", f"“{written[:40]}” {error}")
        return written
    if not price.is_plain:
        menu.add_warning(line, "dishPrice", f"“{written}” is read as {price.text}")
    return price.text
