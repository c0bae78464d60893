"""What a script hands over is repaired or refused at the border; what people send is refused and named."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scriptjobs.errors import ScriptError
from scriptjobs.events import EVENT, Checkpoint, Event, Failure, Log, Result
from scriptjobs.protocol import decode, encode
from scriptjobs.storable import DEPTH_LIMIT, SIZE_LIMIT_BYTES, find_unstorable, fit, read_json, repair, repair_text

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT)
ANY_JSON = st.recursive(LEAVES, lambda of: st.lists(of, max_size=4) | st.dictionaries(ANY_TEXT, of, max_size=4))


def is_fine(value: Any) -> bool:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    text.encode()
    return "\\u0000" not in text.replace("\\\\", "")


@settings(deadline=None)
@given(ANY_JSON)
def test_what_was_repaired_is_fine_and_is_left_alone_the_next_time(value: Any) -> None:
    repaired = repair(value)

    assert is_fine(repaired)
    assert find_unstorable(repaired) is None
    assert repair(repaired) == repaired


@settings(deadline=None)
@given(ANY_JSON)
def test_what_is_fine_is_not_changed_and_the_rest_is_named(value: Any) -> None:
    """Both ways ask the same question."""
    is_same = json.dumps(repair(value)) == json.dumps(value)

    assert (find_unstorable(value) is None) == is_same


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_text_keeps_its_good_characters(text: str) -> None:
    good = "".join(character for character in text if character != "\0" and not 0xD800 <= ord(character) < 0xE000)

    assert [c for c in repair_text(text) if c in set(good)] >= list(good) if "�" in text else True
    assert repair_text(good) == good


@settings(deadline=None)
@given(ANY_JSON)
def test_every_line_on_the_pipe_is_an_event_or_a_failure_of_this_script(value: Any) -> None:
    kinds = ["step", "progress", "log", "screenshot", "file", "hidden", "checkpoint", "resumed", "result", "failure"]
    for kind in kinds:
        everywhere = dict.fromkeys(
            ("text", "code", "message", "name", "value", "title", "percent", "position", "total", "file"), value
        )
        for said in (value, {"kind": kind}, {**everywhere, "kind": kind, "result": {"x": value}}):
            event = understood(json.dumps(said).encode())
            assert is_fine(event.model_dump(mode="json"))
            assert decode(encode(event)) == event


def understood(line: bytes) -> Event:
    """The event, or the failure that the line becomes."""
    try:
        return decode(line)
    except ScriptError as error:
        return Failure(code=error.code, message=error.message)


@pytest.mark.parametrize("line", [b"", b"\xff", b"nonsense", b"[" * 100_000, b"{}", b"null", b'{"kind": "other"}'])
def test_a_line_that_is_none_of_ours_is_a_failure_with_words(line: bytes) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        decode(line)


def test_six_characters_are_six_characters() -> None:
    text = r"x.replace(/\u0000/g,'')"

    assert find_unstorable({"headCode": text}) is None
    assert repair(text) == text
    event = decode(encode(Log(text=text)))
    assert isinstance(event, Log)
    assert event.text == text


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"headCode": "a\0"}, "headCode", "NUL"),
        ({"a": [{"b": "\ud83c"}]}, "a.0.b", "half of a character"),
        ({"a": math.nan}, "a", "is not a number"),
        ({"a": -math.inf}, "a", "too large"),
        ({"a": 10**400}, "a", "too large"),
        ({"a": {"\0": 1}}, "a.�", "name"),
    ],
)
def test_the_field_is_named(value: Any, path: str, words: str) -> None:
    found = find_unstorable(value)

    assert found is not None
    assert found[0] == path
    assert words in found[1]


def test_two_names_that_become_the_same_are_both_kept() -> None:
    assert repair({"a\0": 1, "a�": 2}) == {"a�": 1, "a� (2)": 2}


def test_two_halves_are_put_together() -> None:
    assert repair_text("\ud83c" + "\udf55") == "🍕"


def test_a_number_of_five_thousand_digits_is_read() -> None:
    assert repair(read_json("[" + "9" * 5_000 + ", 12345678901234567890, 1e999]")) == [None, 12345678901234567890, None]


def test_limits_are_told_with_the_place() -> None:
    deep: Any = 1
    for _ in range(DEPTH_LIMIT + 10):
        deep = {"a": deep}
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(ScriptError, match=r"result\.a\.a.* is nested too deeply: at most 64"):
        fit(deep, "result")
    with pytest.raises(ScriptError, match="too deeply"):
        fit(circle, "result")
    with pytest.raises(ScriptError, match=r"most of them in result\.b\.0\. At most 1,048,576 bytes"):
        fit({"a": 1, "b": ["x" * SIZE_LIMIT_BYTES]}, "result")
    with pytest.raises(ScriptError, match=r"checkpoint\.f.* is a object, which cannot be written as JSON"):
        Checkpoint(name="x", value={"f": object()})


@pytest.mark.parametrize("code", ["X" * 80, "", "lower", 7, None, "A B", "X\0"])
def test_a_code_that_is_none_counts_as_unknown(code: Any) -> None:
    assert Failure(code=code, message="m").code == "UNKNOWN_ERROR"
    assert Failure(code="MY_OWN_2", message="m").code == "MY_OWN_2"


def test_results_from_a_pipe_are_repaired() -> None:
    line = b'{"kind": "result", "result": {"success": true, "data": {"a": "\\ud83c", "b": NaN, "c": "\\u0000"}}}'

    event = EVENT.validate_python(decode(line).model_dump())
    assert isinstance(event, Result)
    assert event.result["data"] == {"a": "�", "b": None, "c": "�"}
