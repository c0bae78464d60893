"""Printed output becomes lines of plain text, however it is cut into chunks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scriptjobs.runner.printed import LINE_CHARACTERS, Line, LineSplitter, plain


def lines_of(*chunks: bytes) -> list[Line]:
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk) if line.is_whole] + splitter.end()


def texts_of(*chunks: bytes) -> list[str]:
    return [line.text for line in lines_of(*chunks)]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\r[1/2] one\r[2/2] two\n", ["[1/2] one", "[2/2] two"]),
        (b"[1/2] one\x1b[2K\x1b[1G[2/2] two\x1b[0K\n", ["[1/2] one", "[2/2] two"]),
        (b"\x1b[31mred\x1b[0m \x1b[38;5;196mmore\x1b[m\n", ["red more"]),
        (b"\x1b]8;;https://x/\x07link\x1b]8;;\x1b\\ \x1b]0;title\x07\n", ["link "]),
        (b"\x1bPq#0\x1b\\sixel \x1b(B\x1b7\x1b8\x1b=done\n", ["sixel done"]),
        ("\x9b31mred\x9b0m\n".encode(), ["red"]),
        (b'\x1b]0;never ended {"success": true}\n', ['0;never ended {"success": true}']),
        (b"a\x08b\x07\x00c\ttab\n", ["ab�c\ttab"]),
        (b"caf\xe9 \xff\n", ["caf� �"]),
    ],
)
def test_signs_of_a_terminal_are_taken_out(output: bytes, lines: list[str]) -> None:
    assert texts_of(output) == lines
    assert texts_of(*(bytes([byte]) for byte in output)) == lines


PIECES = st.sampled_from(
    ["a", "é", "🍕", "\n", "\r", "\r\n", "\x1b[31m", "\x1b[2K", "\x1b]0;t\x07", '{"success": true}', "[1/2] x", "\0"]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30), st.data())
def test_lines_do_not_depend_on_how_the_output_is_cut(pieces: list[str], data: st.DataObject) -> None:
    whole = "".join(pieces).encode()
    places = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=5)))
    chunks = [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]

    assert texts_of(*chunks) == texts_of(whole)


@settings(deadline=None)
@given(st.text())
def test_no_escape_survives(text: str) -> None:
    assert "\x1b" not in plain(text)


def test_a_line_that_still_grows_is_seen() -> None:
    [growing] = LineSplitter().feed(b"\r[3/4] three")

    assert (growing.text, growing.is_whole) == ("[3/4] three", False)


def test_a_very_long_line_is_kept_to_a_limit_and_counted() -> None:
    chunk = b"x" * 60_000
    [line] = lines_of(*[chunk] * 100, b'"succ', b'ess": true\n')

    assert len(line.text) == LINE_CHARACTERS
    assert line.left_out == 6_000_000 + 15 - LINE_CHARACTERS
    assert line.said_success
