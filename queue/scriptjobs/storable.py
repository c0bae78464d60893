"""What a row can hold, and what readers of JSON take: finds what does not fit, and repairs what scripts hand over."""

import json
import math
import re
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from scriptjobs.errors import ScriptError

REPLACEMENT = "�"
# Readers of JSON give up between 200 (pydantic) and 1,000 levels (Python); nothing that people read is as deep as this.
DEPTH_LIMIT = 64
SIZE_LIMIT_BYTES = 1024 * 1024
# More digits than any float has: JavaScript reads Infinity.
_DIGITS_LIMIT = 308

# PostgreSQL's text has no NUL, and UTF-8 has no half characters. It takes every other character.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Place = tuple[str, ...]


def read_json(text: str) -> Any:
    """The value in a JSON text. Numbers beyond all bounds become Infinity, so that `repair` and `find_unstorable` see
    them.

    Raises:
        ValueError: it is no JSON. RecursionError: it is nested too deeply for the parser.
    """
    return DECODER.decode(text)


def _read_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS_LIMIT else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


DECODER = json.JSONDecoder(parse_int=_read_int, strict=False)


def repair_text(text: str) -> str:
    """The text with each character that cannot be stored replaced; two halves of one character are put together."""
    if not _UNSTORABLE.search(text):
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)


def repair(value: Any, name: str = "value") -> Any:
    """A copy of `value` that is JSON and can be stored: texts and keys repaired, numbers that are none become None.

    Raises:
        ScriptError: VALIDATION_ERROR, when it is nested too deeply or holds what is no JSON; the place is named.
    """
    return _repair(value, (name,))


def fit(value: Any, name: str) -> Any:
    """The same, for something that has a size limit.

    Raises:
        ScriptError: VALIDATION_ERROR, also when it has more than SIZE_LIMIT_BYTES; the largest part is named.
    """
    repaired = _repair(value, (name,))
    if (size := size_of(repaired)) > SIZE_LIMIT_BYTES:
        raise too_large(f"{name} has {size:,} bytes, most of them in {'.'.join(_largest(repaired, (name,)))}")
    return repaired


def too_large(said: str) -> ScriptError:
    """The error for something over the size limit."""
    return ScriptError(f"{said}. At most {SIZE_LIMIT_BYTES:,} bytes can be kept.", code="VALIDATION_ERROR")


def too_deep(name: str) -> ScriptError:
    """The error for something over the depth limit."""
    said = f"{name} is nested too deeply: at most {DEPTH_LIMIT} levels can be kept."
    return ScriptError(said, code="VALIDATION_ERROR")


def size_of(value: Any) -> int:
    """Bytes of a repaired value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def find_unstorable(value: Any) -> tuple[str, str] | None:
    """The first place in a JSON value that cannot be stored, as a path with dots, and what is wrong with it."""
    return _find(value, ())


def _repair(value: Any, place: Place) -> Any:
    if len(place) > DEPTH_LIMIT:
        raise too_deep(_short(place))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return repair_text(str.__str__(value))
    if isinstance(value, int | float):
        return value if _is_number(value) else None
    if isinstance(value, dict):
        return _repair_object(cast("dict[Any, Any]", value), place)
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        return [_repair(item, (*place, str(number))) for number, item in enumerate(items)]
    return _repair(_to_json(value, place), (*place[:-1], f"{place[-1]}({type(value).__name__})"))


def _repair_object(items: dict[Any, Any], place: Place) -> dict[str, Any]:
    repaired: dict[str, Any] = {}
    for key, item in items.items():
        name = wanted = repair_text(str(key))
        number = 1
        while name in repaired:  # two keys that differ only in what cannot be stored
            number += 1
            name = f"{wanted} ({number})"
        repaired[name] = _repair(item, (*place, name))
    return repaired


def _to_json(value: Any, place: Place) -> Any:
    """A date, a decimal, a set, a model as JSON."""
    try:
        made: Any = to_jsonable_python(value)
    except (PydanticSerializationError, ValueError, RecursionError):
        made = value
    if made is value or not isinstance(made, None | bool | str | int | float | dict | list):
        said = f"{_short(place)} is a {type(value).__name__}, which cannot be written as JSON."
        raise ScriptError(said, code="VALIDATION_ERROR")
    return cast("Any", made)


def _is_number(value: float) -> bool:
    # Not as a float: a whole number may have more digits than one holds. NaN is below nothing.
    return abs(value) < 10**_DIGITS_LIMIT


def _find(value: Any, place: Place) -> tuple[str, str] | None:
    if len(place) > DEPTH_LIMIT:
        return _short(place), f"is nested too deeply (more than {DEPTH_LIMIT} levels)"
    if not isinstance(value, dict | list):
        words = _what_is_wrong(value)
        return (".".join(place), words) if words else None
    parts = _parts(cast("Any", value))
    for key in parts:
        if _UNSTORABLE.search(key):
            return ".".join((*place, repair_text(key))), "is a name with a character that cannot be stored"
    return next((found for key, part in parts.items() if (found := _find(part, (*place, key)))), None)


def _parts(value: dict[str, Any] | list[Any]) -> dict[str, Any]:
    """What an object or a list holds, by name or number."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return {str(key): item for key, item in pairs}


def _what_is_wrong(value: Any) -> str | None:
    if isinstance(value, str) and (found := _UNSTORABLE.search(value)):
        return "holds a NUL character" if found[0] == "\0" else "holds half of a character (a lone surrogate)"
    if isinstance(value, int | float) and not _is_number(value):
        return "is not a number" if value != value else "is a number too large to be stored"
    return None


def _largest(value: Any, place: Place) -> Place:
    """Down to the part that holds most of the value."""
    while isinstance(value, dict | list) and value:
        whole = cast("Any", value)
        parts = _parts(whole)
        key = max(parts, key=lambda name: size_of(parts[name]))
        if size_of(parts[key]) * 2 < size_of(whole):
            break
        value, place = parts[key], (*place, key)
    return place


def _short(place: Place) -> str:
    """A path for people: of a very deep one the beginning."""
    shown = ".".join(part[:60] for part in place[:6])
    return repair_text(f"{shown}…" if len(place) > 6 else shown)
