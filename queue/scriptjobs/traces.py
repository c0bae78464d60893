"""Playwright traces without what signs somebody in: cookies, headers of sign-in, posted forms and data.

A trace holds all that went over the network. Its lines are JSON, so secrets are masked in their decoded texts, where no
escaping hides them.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, cast

Mask = Callable[[str], str]

# The names of headers whose values identify somebody.
_PRIVATE_HEADER = re.compile(r"cookie|auth|token|session|csrf|xsrf|secret|api-?key", re.IGNORECASE)
# The attribute in which a snapshot of a page keeps what was typed into a field.
_TYPED = "__playwright_value_"
_LINES = (".trace", ".network", ".stacks")
# Shorter values of cookies (`1`, `nz`) identify nobody, and masking them would spoil the rest.
_IDENTIFYING_CHARACTERS = 8


def clean_trace(content: bytes, mask: Mask, hide: Callable[[str], None]) -> bytes:
    """The archive with secrets taken out. `hide` is told of each secret that the trace itself shows (values of cookies
    and headers), before `mask` is asked.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        lines = {name: _parse(old.read(name)) for name in old.namelist() if name.endswith(_LINES)}
        dropped: set[str] = set()
        for entry in _network_entries(lines):
            for value in _private_values(entry):
                hide(value)
            dropped |= _strip(entry)
        for name in old.namelist():
            if name in lines:
                new.writestr(name, b"".join(_line(_masked(line, mask)) for line in lines[name]))
            elif name.removeprefix("resources/") not in dropped:
                new.writestr(name, _mask_bytes(old.read(name), mask))
    return made.getvalue()


def _parse(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _network_entries(lines: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for line in (line for found in lines.values() for line in found):
        snapshot: Any = line.get("snapshot") if isinstance(line, dict) else None  # type: ignore[reportUnknownMemberType]
        if isinstance(snapshot, dict) and "request" in snapshot:
            yield cast("dict[str, Any]", snapshot)


def _items(part: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", part.get(name) or [])


def _private_values(entry: dict[str, Any]) -> Iterator[str]:
    for side in ("request", "response"):
        part: dict[str, Any] = entry.get(side) or {}
        cookies = [str(cookie.get("value", "")) for cookie in _items(part, "cookies")]
        headers = [str(header["value"]) for header in _items(part, "headers") if _is_private(header)]
        words = [word for value in headers for word in re.split(r"[\s;,=]+", value)]
        yield from (value for value in (*cookies, *headers, *words) if len(value) >= _IDENTIFYING_CHARACTERS)


def _is_private(header: dict[str, Any]) -> bool:
    return bool(_PRIVATE_HEADER.search(str(header.get("name", ""))))


def _strip(entry: dict[str, Any]) -> set[str]:
    """Take cookies and private headers out of an entry, and its bodies, unless it got a file of the page itself: data
    (JSON) and answers to forms may hold keys. Returns the names of the files that held these bodies.
    """
    request: dict[str, Any] = entry.get("request") or {}
    response: dict[str, Any] = entry.get("response") or {}
    for part in (request, response):
        part["cookies"] = []
        part["headers"] = [header for header in _items(part, "headers") if not _is_private(header)]
    content: dict[str, Any] = response.get("content") or {}
    is_data = "json" in str(content.get("mimeType", ""))
    if request.get("method") == "GET" and not is_data:
        return set()
    bodies: list[dict[str, Any]] = [request.pop("postData", None) or {}, content]
    files = {str(body.pop("_file", "")).removeprefix("resources/") for body in bodies} - {""}
    for body in bodies:
        body.pop("text", None)
    return files


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        # A password that is half typed is in nobody's list of secrets.
        typed = {_TYPED: ""} if items.get("type") == "password" and _TYPED in items else {}
        return {key: _masked(item, mask) for key, item in items.items()} | typed
    if isinstance(value, list):
        return [_masked(item, mask) for item in cast("list[Any]", value)]
    return value


def _mask_bytes(content: bytes, mask: Mask) -> bytes:
    try:
        return mask(content.decode("utf-8")).encode()
    except UnicodeDecodeError:  # fonts and pictures
        return content
