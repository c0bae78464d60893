"""When two names are the same: the one comparison for restaurants, tags, option sets, dishes, printers and keys.

A name is compared as a person reads it on a page. How it was typed does not count: letters' case, the kind of
apostrophe, quotation mark or dash, invisible characters, and white space of any kind and length.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Letters and marks that show nothing, though Unicode does not file them under format characters.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u055a\u05f3\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u2018\u2019\u201a\u201b\u2032\u2035\ua78b\ua78c\uff07\uff40"  # noqa: E501
_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba\u02ee\uff02\u301d\u301e\u301f\u275d\u275e"
_OTHER_DASHES = "\u2043\u2212\u02d7\ufe58\ufe63\uff0d\ufe31\ufe32"
_MARK = "'"


@lru_cache(maxsize=4_096)
def fold_name(text: str) -> str:
    """What a name is compared by; empty for one that shows nothing. Folding twice changes nothing more."""
    folded = text
    for _ in range(4):  # case-folding and composing can each make work for the other; twice is the most ever seen
        before, folded = folded, _fold_once(folded)
        if folded == before:
            break
    return folded


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for the way they were typed."""
    return fold_name(one) == fold_name(other)


def find_name(wanted: str, names: Iterable[str]) -> str | None:
    """The first of `names` that is the same as `wanted`, as it is written there; None when none is."""
    folded = fold_name(wanted)
    return next((name for name in names if fold_name(name) == folded), None)


def without_apostrophes(folded: str) -> str:
    """A folded name as those write it who leave apostrophes out."""
    return folded.replace(_MARK, "")


def has_control(text: str) -> bool:
    """Whether a text has a character that no line of text can show: a line break, a tab, NUL."""
    return any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text)


def _fold_once(text: str) -> str:
    # Some marks would become a blank with an accent, so they are replaced before and after.
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    shown = "".join(" " if char.isspace() else char for char in plain if char.isspace() or not _is_invisible(char))
    return " ".join(unicodedata.normalize("NFKC", shown.casefold()).split())


def _is_invisible(char: str) -> bool:
    if unicodedata.category(char) in {"Cc", "Cf", "Cs"} or char in _FILLERS:
        return True
    return "\ufe00" <= char <= "\ufe0f" or "\u180b" <= char <= "\u180f" or "\U000e0000" <= char <= "\U000e0fff"


def _signs() -> dict[int, str]:
    dashes = [chr(code) for code in range(0x3100) if unicodedata.category(chr(code)) == "Pd"]
    quotes = {ord(char): '"' for char in _QUOTES}
    marks = {ord(char): _MARK for char in _APOSTROPHES}
    return quotes | marks | {ord(char): "-" for char in (*dashes, *_OTHER_DASHES)}


_SIGNS = _signs()
