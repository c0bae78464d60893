"""Finds the result in what a script prints: in a marked block, or the last object with `success`, anywhere."""

import json
import re
from typing import Any, cast

from scriptjobs.errors import ScriptError
from scriptjobs.runner.printed import Line
from scriptjobs.storable import DECODER, SIZE_LIMIT_BYTES, read_json, too_deep, too_large

# spec/service.md, Script output.
_MARKS = {
    "===RESULT_DATA_START===": "===RESULT_DATA_END===",
    "### SCRIPT_RESULT_START ###": "### SCRIPT_RESULT_END ###",
}
_START = re.compile("|".join(map(re.escape, _MARKS)))
_OBJECT = re.compile(r'\{(?=\s*["}]|\s*$)')
_CREATED = re.compile(r"Successfully created: (\d{1,9})/(\d{1,9})")
_SUCCESS = '"success"'
_PLACE = "The printed result"
# How many characters may be read in search of objects in one stretch of output; braces within braces are read again.
_PATIENCE = 8 * SIZE_LIMIT_BYTES
_FIRST_LOOK = 1024

Found = dict[str, Any] | ScriptError


class ResultFinder:
    """Reads all that a script prints, and remembers what may be its result. It keeps at most some 3 MiB."""

    def __init__(self) -> None:
        self._block: Found | None = None
        self._object: Found | None = None
        self._unread: ScriptError | None = None
        self._mark = ""
        self._in_block: list[str] = []
        self._block_size = 0
        self._stretch: list[str] = []
        self._stretch_size = 0
        self._open_size = -1
        self._open_says_success = False
        self.counts: tuple[int, int] | None = None

    def feed(self, line: Line) -> None:
        """Read one more line."""
        self._look_for_block(line)
        if line.left_out and (line.said_success or _SUCCESS in line.text):
            self._read_stretch()
            self._stretch, self._stretch_size = [], 0
            self._object = _over_limit(len(line.text) + line.left_out)
            return
        if created := _CREATED.findall(line.text):
            self.counts = int(created[-1][0]), int(created[-1][1])
        self._stretch.append(line.text)
        self._stretch_size += len(line.text) + 1
        self._look_for_long(line.text)
        if self._stretch_size > 3 * SIZE_LIMIT_BYTES:
            self._read_stretch()
            self._forget_beginning()

    def result(self) -> Found | None:
        """The result as it was printed; an error when it is too large or too deep; None when there is none."""
        self._read_stretch()
        return self._block or self._object or self._unread

    def _look_for_block(self, line: Line) -> None:
        text = line.text
        while True:
            if not self._mark:
                found = _START.search(text)
                if not found:
                    return
                self._mark, text, self._in_block, self._block_size = _MARKS[found[0]], text[found.end() :], [], 0
            inside, end, text = text.partition(self._mark)
            self._block_size += len(inside) + 1 + (0 if end else line.left_out)
            if self._block_size <= 2 * SIZE_LIMIT_BYTES:
                self._in_block.append(inside)
            if not end:
                return
            self._close_block()

    def _close_block(self) -> None:
        self._mark = ""
        if self._block_size > 2 * SIZE_LIMIT_BYTES:
            self._block = _over_limit(self._block_size)
            return
        text = "\n".join(self._in_block).strip()
        try:
            value = read_json(text)
        except RecursionError:
            self._block = too_deep(_PLACE)
        except ValueError:
            # It is not quoted: what is cut here could show a part of a secret.
            self._unread = ScriptError(f"{_PLACE} stands between its marks, but is not JSON.", code="VALIDATION_ERROR")
        else:
            said = cast("dict[str, Any]", value) if isinstance(value, dict) else {"data": value}
            self._block = said if "success" in said else {"success": True, "data": said.get("data", value)}

    def _look_for_long(self, text: str) -> None:
        """An object over many lines, as it is written for people to read, that outgrows the limit."""
        bare = text.rstrip()
        if bare == "{":
            self._open_size, self._open_says_success = 0, False
        if self._open_size < 0:
            return
        self._open_size += len(text) + 1
        self._open_says_success |= text.lstrip().startswith(_SUCCESS) and len(text) - len(text.lstrip()) <= 8
        if bare == "}":
            if self._open_size > SIZE_LIMIT_BYTES and self._open_says_success:
                self._read_stretch()
                self._stretch, self._stretch_size = [], 0
                self._object = _over_limit(self._open_size)
            self._open_size = -1

    def _forget_beginning(self) -> None:
        """Keep as much as one result may have, so that one across the border is found with the next stretch."""
        kept, number = 0, len(self._stretch)
        while number and kept < SIZE_LIMIT_BYTES:
            number -= 1
            kept += len(self._stretch[number]) + 1
        self._stretch, self._stretch_size = self._stretch[number:], kept

    def _read_stretch(self) -> None:
        text = "\n".join(self._stretch)
        if _SUCCESS in text:
            self._object = _last_object(text) or self._object


def _last_object(text: str) -> Found | None:
    last: Found | None = None
    place, patience = 0, _PATIENCE
    end = text.rfind(_SUCCESS)
    while (found := _OBJECT.search(text, place, end)) and patience > 0:
        value, length, cost = _object_at(text, found.start())
        patience -= cost
        place = found.start() + length
        if isinstance(value, ScriptError):
            last = value if text.find(_SUCCESS, found.start(), place) >= 0 else last
        elif value is not None and "success" in value:
            last = value
    return last


def _object_at(text: str, place: int) -> tuple[Found | None, int, int]:
    """The object that begins here, how far to go on behind it, and what it cost to find out.

    Only so much is read as it takes to see that it is none: the parser's error counts the lines of all it was given.
    """
    window, cost = _FIRST_LOOK, 0
    while True:
        part = text[place : place + window]
        cost += len(part) if window > _FIRST_LOOK else 0
        try:
            value, end = DECODER.raw_decode(part)
        except json.JSONDecodeError as error:
            is_cut = error.pos > len(part) - 16 or error.msg.startswith("Unterminated")
            if not is_cut or place + window >= len(text):
                return None, 1, cost + error.pos
            window *= 4
        except RecursionError:
            end = text.find("\n", place) + 1 or len(text)
            return too_deep(_PLACE), end - place, cost
        else:
            return cast("dict[str, Any]", value), end, cost


def _over_limit(size: int) -> ScriptError:
    return too_large(f"{_PLACE} has more than {min(size, 10 * SIZE_LIMIT_BYTES) // 1024:,} KiB")
