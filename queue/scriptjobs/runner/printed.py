"""What a process prints, as whole lines of plain text: put together from chunks, without the signs of a terminal."""

import asyncio
import codecs
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from scriptjobs.storable import SIZE_LIMIT_BYTES, repair_text

CHUNK_BYTES = 64 * 1024
# What of one line is kept: a result may stand on one line, whole.
LINE_CHARACTERS = SIZE_LIMIT_BYTES + 1024

# A line ends with its feed, or where a terminal would go back to its beginning and write over it: progress bars.
_BREAK = re.compile(r"\n|\r|\x1b\[(?:[01]?G|2K|[0-3]?J|\d*[AEF]|[\d;]*[Hf])")
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]{0,20})?$")
# ECMA-48: CSI, the strings (OSC, DCS, SOS, PM, APC) with their ends, all other escapes; seven and eight bits.
_SIGNS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line. `is_whole` is False for one that still grows; `left_out` counts characters beyond the limit;
    `said_success` tells whether what was left out holds the word that marks a result.
    """

    text: str
    is_whole: bool = True
    left_out: int = 0
    said_success: bool = False


async def read_lines(stream: asyncio.StreamReader) -> AsyncGenerator[Line]:
    """The lines of a stream until it is closed; after each chunk the one that still grows as well."""
    splitter = LineSplitter()
    while chunk := await stream.read(CHUNK_BYTES):
        for line in splitter.feed(chunk):
            yield line
    for line in splitter.end():
        yield line


class LineSplitter:
    """Makes lines of chunks."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest: list[str] = []
        self._held = ""  # of a sign that a chunk's border may have cut
        self._kept = self._left_out = 0
        self._tail = ""
        self._said_success = False
        self._after_return = False

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in this chunk, and the beginning of the next one, if there is any."""
        text = self._held + self._decoder.decode(chunk)
        cut = _INCOMPLETE.search(text, max(0, len(text) - 24))
        text, self._held = (text[: cut.start()], text[cut.start() :]) if cut else (text, "")
        lines: list[Line] = []
        place = 0
        for found in _BREAK.finditer(text):
            self._add(text[place : found.start()])
            place = found.end()
            if self._is_line(found[0]):
                lines.append(self._take())
        self._add(text[place:])
        if self._kept and self._kept < CHUNK_BYTES:
            lines.append(Line(plain("".join(self._rest)), is_whole=False))
        return lines

    def end(self) -> list[Line]:
        """What came without an end of line."""
        self._add(self._held + self._decoder.decode(b"", final=True))
        return [self._take()] if self._kept else []

    def _is_line(self, ended_by: str) -> bool:
        """Whether a break ends a line: one after another makes none, nor does the feed after a return."""
        after_return = self._after_return
        if ended_by == "\n":
            self._after_return = False
            return bool(self._kept) or not after_return
        self._after_return = after_return or bool(self._kept)
        return bool(self._kept)

    def _add(self, text: str) -> None:
        if not text:
            return
        kept = text[: LINE_CHARACTERS - self._kept]
        self._rest.append(kept)
        self._kept += len(kept)
        if len(kept) < len(text):
            self._left_out += len(text) - len(kept)
            seen = self._tail + text
            self._said_success |= '"success"' in seen
        self._tail = (self._tail + text)[-10:]
        self._after_return = False

    def _take(self) -> Line:
        line = Line(plain("".join(self._rest)), left_out=self._left_out, said_success=self._said_success)
        self._rest, self._kept, self._left_out, self._said_success = [], 0, 0, False
        return line


def plain(text: str) -> str:
    """The text without colours and other signs for a terminal, and without characters that cannot be stored."""
    return repair_text(_SIGNS.sub("", text))
