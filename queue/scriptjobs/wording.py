"""What a validator found, in the words of whoever filled in the form."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_WORDS: dict[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this job",
    "value_error": "{error}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "needs at least {min_length} entries",
    "too_long": "has more than {max_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "string_type": "must be text",
    "uuid_parsing": "is no id",
    "uuid_type": "is no id",
    "list_type": "must be a list",
}
# Families of faults, by the beginning of their names.
_FAMILIES: dict[str, str] = {
    "int_": "must be a whole number",
    "decimal_": "must be a number",
    "float_": "must be a number",
    "bool_": "must be true or false",
    "url_": "is no web address",
    "dict_": "must be an object",
    "model_": "must be an object",
    "datetime_": "must be a moment with its zone, such as 2026-11-24T09:30:00+13:00",
    "timezone_": "must be a moment with its zone, such as 2026-11-24T09:30:00+13:00",
}


def say(fault: Mapping[str, Any]) -> str:
    """A fault of pydantic as a sentence that goes on from the field's name: “phone” → “is missing”."""
    kind, limits = str(fault["type"]), dict[str, Any](fault.get("ctx") or {})
    if kind in {"string_too_short", "too_short"} and limits.get("min_length") == 1:
        return "must not be empty"
    if kind in {"literal_error", "enum"}:
        return f"must be {str(limits['expected']).replace(chr(39), '')}"
    words = _WORDS.get(kind) or next((words for start, words in _FAMILIES.items() if kind.startswith(start)), None)
    return words.format(**limits) if words else str(fault["msg"][0].lower() + fault["msg"][1:])


def matching(pattern: str, words: str) -> Callable[[str], str]:
    """A validator: the whole text must match `pattern`; if not, `words` tell what is wrong, going on from the name.

    A digit is one of 0 to 9: the portal takes no others.
    """
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(words)
        return value

    return check
