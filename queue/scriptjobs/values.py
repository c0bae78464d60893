"""Values from outside: one function for each kind, shared by API, pages, streams, forms and the command line.

Each takes what somebody sent and returns the value, or raises ValueError with words that go on from the field's name
("limit" → "must be a whole number from 1 to 100"). Digits are ASCII digits, nothing is guessed. Pure.
"""

import json
import re
import unicodedata
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

JOB_ID = re.compile(r"JOB_[0-9A-Za-z_]{1,60}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}([.][0-9]{1,18})?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
# RFC 3339, with what people leave out: the seconds, and the zone where none is needed. A blank before the zone is a
# plus sign that was not escaped in an address.
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ]([0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)([Zz]|[-+ ][0-9]{2}:?[0-9]{2})?)?"
)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
_ON, _OFF = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_DOTTED = re.compile(r"[^.]+([.][^.]+)*")
# Letters of any script: domains are written as people read them, too.
_DOMAIN = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?([.][^\W_]([\w-]{0,61}[^\W_])?)*")
_MAX_LOCAL, _MAX_ADDRESS = 64, 254
_NEVER_IN_EMAIL = frozenset('<>()[],;:\\"')
_HALF = re.compile("[\ud800-\udfff]")

MAX_SMALL = 2**31 - 1  # what a column of PostgreSQL's type integer holds
MAX_FILE_NAME = 120
# Python reads no whole number of more digits than this quickly, and nobody means one.
_MAX_DIGITS = 100
_MAX_DEPTH = 100

# Nothing is seen of controls, format characters (zero-width blanks, byte order marks, directions), halves of
# characters, blanks and line ends, nor of some letters and marks that are drawn as nothing.
_UNSEEN_KINDS = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}
# Zero-width joiners bind emoji and letters, so they stay between what is seen. These are never meant.
_NEVER_MEANT = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")


def read_whole_number(text: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`.

    Raises:
        ValueError: it is none, or another one.
    """
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise ValueError(f"must be a whole number from {low} to {high}")
    return int(text)


def check_number(value: object) -> object:
    """A number as JSON or a form holds it, unchanged; for validators that would take any digits and underscores.

    Raises:
        ValueError: a text that is no decimal number.
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        raise ValueError("must be a number")
    return value


def read_flag(text: str) -> bool:
    """A switch: true, 1, yes, on, or false, 0, no, off.

    Raises:
        ValueError: it is none of these.
    """
    word = text.strip().lower()
    if word not in _ON + _OFF:
        raise ValueError("must be true or false")
    return word in _ON


def read_time(value: object, *, needs_zone: bool = False) -> datetime:
    """A moment as aware time in UTC; one without a zone is in UTC, unless `needs_zone`.

    Raises:
        ValueError: no time, without a needed zone, or outside of 1970 to 9998 in UTC.
    """
    example = "2026-01-31T09:00:00Z"
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be a time such as {example}")
    zone = (found[6] or "").replace(" ", "+").upper()
    if needs_zone and not zone:
        raise ValueError(f"must be a moment with its zone, such as {example}")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[3] or '00:00'}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"must be a time such as {example}") from None
    if not _FIRST <= moment <= _LAST:
        raise ValueError("must be a time between the years 1970 and 9998")
    return moment


def read_uuid(text: str) -> UUID:
    """An id of 32 hexadecimal digits, with or without its hyphens.

    Raises:
        ValueError: it is none.
    """
    if not _UUID.fullmatch(text):
        raise ValueError("must be a UUID")
    return UUID(text)


def read_job_id(text: str) -> str | UUID:
    """A job's human id, or its UUID.

    Raises:
        ValueError: it is neither.
    """
    return text if JOB_ID.fullmatch(text) else read_uuid(text)


def read_name(text: str) -> str:
    """A name or another short text, without what nobody sees: at its ends, and zero-width blanks within.

    Raises:
        ValueError: it holds a NUL or half a character.
    """
    if fault := _character_fault(text):
        raise ValueError(fault)
    text = _NEVER_MEANT.sub("", text)
    seen = [place for place, sign in enumerate(text) if not _is_unseen(sign)]
    return text[seen[0] : seen[-1] + 1] + _belonging(text[seen[-1] :]) if seen else ""


def read_email(text: str) -> str:
    """The e-mail address of a person, without blanks around it. A domain may be one word (`admin@localhost`), as the
    sign-in form takes it.

    Raises:
        ValueError: it is none; the message is a whole sentence.
    """
    address = text.strip()
    shown = f"“{' '.join(address.split())[:60]}” is not an e-mail address"
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError(f"{shown}: write name@example.com.")
    if any(sign in _NEVER_IN_EMAIL or _is_unseen(sign) for sign in address):
        raise ValueError(f"{shown}: it contains a character that is not allowed.")
    if "@" in local or len(local) > _MAX_LOCAL or len(address) > _MAX_ADDRESS or not _DOTTED.fullmatch(local):
        raise ValueError(f"{shown}: the part before the @ is wrong.")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{shown}: “{domain[:60]}” is not a domain.")
    return address


def read_path(address: str) -> str:
    """The path in a web address; "/" when there is none."""
    try:
        return urlsplit(address).path or "/"
    except ValueError:
        return "/"


def read_file_name(text: str) -> str:
    """The last part of a file's name as a client sent it, fit to be stored and shown; "file" when nothing is left."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(sign for sign in name if sign == " " or not _is_unseen(sign))
    return plain.strip()[-MAX_FILE_NAME:].strip() or "file"


def read_json(content: bytes) -> Any:
    """A JSON document. Numbers too large to be read become infinite, which `find_unstorable` names.

    Raises:
        ValueError: no JSON, not UTF-8, or nested too deeply.
    """
    try:
        value = json.loads(content, parse_int=_read_digits)
    except UnicodeDecodeError:
        raise ValueError("is not JSON: it is not UTF-8") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}"[:200]) from None
    if any(len(path) > _MAX_DEPTH for path, _ in _walk(value)):
        raise ValueError("is nested too deeply")
    return value


def _read_digits(text: str) -> int | float:
    return int(text) if len(text) <= _MAX_DIGITS else float("inf")


def _character_fault(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    return "holds half a character" if _HALF.search(text) else None


def _is_unseen(sign: str) -> bool:
    return sign in _UNSEEN or unicodedata.category(sign) in _UNSEEN_KINDS


def _belonging(end: str) -> str:
    """What is not seen behind the last character and yet changes it: its colour, or the country of a flag."""
    found = re.match("\U0001f3f4([\U000e0020-\U000e007f]+)|.([\ufe0e\ufe0f])", end)
    return (found[1] or found[2]) if found else ""


def _walk(value: Any) -> Generator[tuple[tuple[str, ...], Any]]:
    """Each part of a JSON value with its path; a stack of our own, because the value may be deep."""
    stack: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while stack:
        path, node = stack.pop()
        yield path, node
        if len(path) > _MAX_DEPTH:
            continue
        if isinstance(node, dict):
            children = list(cast("dict[Any, Any]", node).items())
        else:
            children = list(enumerate(cast("list[Any]", node))) if isinstance(node, list) else []
        stack += [((*path, str(name)), child) for name, child in reversed(children)]
