"""The forms in which a secret may come back: plain, or encoded for an address, a page, JSON, a shell or base64."""

import base64
import html
import json
import re
import unicodedata
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
# A longer one is looked for in its usual forms only: a pattern of all mixtures would take seconds to make.
_MIXED_LIMIT = 256
_BASE64_CHARACTERS = 6
_EDGE_CHARACTERS = (8, 128)

# Each of these may be encoded once more: %2520, &amp;amp;, \\u0026.
_PERCENT = "%(?:25)*"
_SLASHES = r"\\{1,8}"
_AMPERSAND = rf"(?:&|{_SLASHES}u0026|{_PERCENT}26)(?:amp;)*"


def pattern_of(secret: str) -> re.Pattern[str]:
    """Finds the secret in all its forms; a mask that is there already is one find, so that it is not masked again.

    A very short secret would hit half of every line, so it counts only where it stands alone.
    """
    if len(secret) < 4:
        found = rf"(?<!\w){_mixed(secret)}(?!\w)"
    elif len(secret) <= _MIXED_LIMIT:
        spellings = {unicodedata.normalize(form, secret) for form in ("NFC", "NFD")} | {secret}
        parts = [_mixed(spelling) for spelling in spellings] + sorted(_coded(secret), key=len, reverse=True)
        found = "|".join(parts)
    else:
        found = "|".join(re.escape(form) for form in sorted(_usual(secret), key=len, reverse=True))
        found = "|".join([found, *_coded(secret)])
    return re.compile(rf"{re.escape(MASK)}|{found}")


def edges_of(secret: str) -> set[str]:
    """The forms of which a piece at the edge of a line is told."""
    least, most = _EDGE_CHARACTERS
    return {form for form in _usual(secret) if least <= len(form) <= most}


def _usual(secret: str) -> set[str]:
    quoted, plus = quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")
    escaped = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    pages = {html.escape(secret), html.escape(secret, quote=False)}
    lower = {re.sub("%..", lambda found: found[0].lower(), form) for form in (quoted, plus)}
    return {secret, quoted, plus, *lower, *escaped, *(form.replace("/", r"\/") for form in escaped), *pages}


def _coded(secret: str) -> set[str]:
    """Patterns of the secret in base64 and as hexadecimal digits, alone or in the middle of something else."""
    found = {_any_case(secret.encode("utf-8", "replace").hex())}
    forms = {secret, quote(secret, safe="", errors="replace"), json.dumps(secret)[1:-1]}
    # Latin-1 is what many clients encode a password in for Basic credentials.
    for raw in {form.encode("utf-8", "replace") for form in forms} | {secret.encode("latin-1", "replace")}:
        # A text looks different at each of three offsets; the edge characters mix with their neighbours.
        for offset in range(3):
            coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
            is_whole = (offset + len(raw)) % 3 == 0
            core = coded[(0, 2, 3)[offset] : None if is_whole else -1]
            if len(core) >= _BASE64_CHARACTERS:
                found.add("".join(_BASE64.get(character, character) for character in core))
    return found


_BASE64 = {
    "+": rf"(?:\+|-| |{_PERCENT}2[bB]|{_SLASHES}u002[bB])",
    "/": rf"(?:/|_|{_SLASHES}/|{_PERCENT}2[fF]|{_SLASHES}u002[fF])",
}


def _mixed(text: str) -> str:
    """Each character plain or in any disguise. A run of backslashes counts as one, or a search could take for ever."""
    parts = re.findall(r"\\+|[^\\]", text, re.DOTALL)
    return "".join(_slashes(len(part)) if part[0] == "\\" else _any_form(part) for part in parts)


def _slashes(count: int) -> str:
    escaped = rf"{_SLASHES}(?:u005[cC]|x5[cC]|134)"
    encoded = rf"(?:{escaped}|{_PERCENT}5[cC]|{_AMPERSAND}#0*92;|{_AMPERSAND}#[xX]0*5[cC];|{_AMPERSAND}bsol;)"
    return rf"(?:{encoded}{{{count}}}|\\{{{count},{8 * count}}})"


def _any_form(character: str) -> str:
    code = ord(character)
    forms = [
        re.escape(character),
        "".join(f"{_PERCENT}{_any_case(f'{byte:02x}')}" for byte in character.encode("utf-8", "replace")),
        rf"{_AMPERSAND}#0*{code};?",
        rf"{_AMPERSAND}#[xX]0*{_any_case(f'{code:x}')};?",
        *_escaped(character, code),
    ]
    if code in codepoint2name or character == "'":
        forms.append(rf"{_AMPERSAND}{codepoint2name.get(code, 'apos')};")
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _escaped(character: str, code: int) -> list[str]:
    """With a backslash, as JSON, JavaScript, Python and shells do it."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    pairs = [units[place : place + 4] for place in range(0, len(units), 4)]
    forms = ["".join(f"{_SLASHES}u{_any_case(pair)}" for pair in pairs)]
    if code < 256:
        forms.append(rf"{_SLASHES}x{_any_case(f'{code:02x}')}")
    else:
        forms.append(rf"{_SLASHES}(?:u\{{0*{_any_case(f'{code:x}')}\}}|U{_any_case(f'{code:08x}')})")
    if code > 127:
        forms.append(
            "".join(rf"{_SLASHES}x{_any_case(f'{byte:02x}')}" for byte in character.encode("utf-8", "replace"))
        )
        if code < 256:
            forms.append(f"{_PERCENT}{_any_case(f'{code:02x}')}")
    if letter := {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}.get(character):
        forms.append(_SLASHES + letter)
    elif not character.isalnum():
        forms.append(_SLASHES + re.escape(character))
    return forms


def _any_case(digits: str) -> str:
    """A pattern for hexadecimal digits in either case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
