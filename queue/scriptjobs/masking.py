"""What a log line must not hold: values of fields that are secret or private, and what looks like them in any text.

The lines that we write name none of this. Exceptions do: a database quotes the row, a driver its parameters, a
validator its input, an HTTP client the address with the password in it. Pure.
"""

import re
from typing import Any, cast

MASK = "[masked]"

# Names of fields, of ours or of others, whose value is never logged.
_NAMES = re.compile(
    r"passw|^pass$|passphrase|\bpwd\b|secret|token|authori[sz]ation|cookie|(?:api|private)[_-]?key|payload|params|parameters"
    r"|e_?mail|link|dsn|database_?url|sealed",
    re.IGNORECASE,
)
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
# A value that something could not read is quoted in the complaint: invalid literal for int(): '…', KeyError: '…'.
_COMPLAINT = re.compile(
    r"^.*(?:\b(?:Value|Key|Data|Lookup|Validation|JSONDecode|Unicode\w*)Error\b"
    r"|invalid|malformed|could not|cannot|match).*$",
    re.IGNORECASE | re.MULTILINE,
)
_MORE_LINES = r"(?:\n(?!\s*(?:CONTEXT|HINT|DETAIL|\[SQL|\(Background|The above|Traceback|File |\Z))[^\n]*)*"
_TEXTS = [
    # Parameters of a statement (SQLAlchemy), of a query (asyncpg), and rows and keys that PostgreSQL quotes.
    (re.compile(r"\[parameters: [^\n]*"), f"[parameters: {MASK}]"),
    (re.compile(r"(invalid input for query argument \$\d+)[^\n]*", re.IGNORECASE), rf"\1: {MASK}"),
    # A value with line breaks goes on until something else begins.
    (re.compile(rf"(Failing row contains|Key) \([^\n]*{_MORE_LINES}"), rf"\1 {MASK}"),
    (re.compile(r"((?:DETAIL|CONTEXT|HINT|QUERY|STATEMENT):)[^\n]*"), rf"\1 {MASK}"),
    (re.compile(r"(invalid (?:input )?(?:syntax|value|token)[^\n:]*?: ?)(?:\"[^\n]*)", re.IGNORECASE), rf"\1{MASK}"),
    # What a validator was given (pydantic).
    (re.compile(r"(input(?:_value)?=)[^\n]*"), rf"\1{MASK}"),
    # Tokens that let somebody in, sealed values, and the credentials in an address.
    (re.compile(r"\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?"), MASK),
    (re.compile(r"\bgAAAAA[\w=-]{20,}"), MASK),
    (re.compile(r"(sign-in(?:/|%2F|\\)+)[^\s\"'?#]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(://)[^\s/]+@"), rf"\1{MASK}@"),
    (re.compile(r"((?:set-)?cookie[\"']?\s*[:=]\s*)(?![\[{])[^\n]+", re.IGNORECASE), rf"\1{MASK}"),
    # A secret that is named beside its value: password=…, "apiKey": "…".
    (
        re.compile(
            rf"((?:passw(?:or)?d|\bpass(?:phrase)?|\bpwd|secret|token|(?:api|private)[_-]?key|cookie|authorization)"
            rf"\w{{0,64}}[\"']?\s*[=:]\s*)"
            rf"(?:{_QUOTED}|[^\s,;)}}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}(?:\.[\w-]{1,63})+|localhost\b)"), MASK),
]  # fmt: skip


def mask_text(text: str) -> str:
    """The text without what looks like a secret, a person's address, or a quoted value of the database."""
    for pattern, replacement in _TEXTS:
        text = pattern.sub(replacement, text)
    return _COMPLAINT.sub(_without_quotes, text)


def _without_quotes(found: re.Match[str]) -> str:
    # A line of a traceback that names a file is no complaint: File "/…/values.py", line 3, in read.
    return found[0] if found[0].lstrip().startswith('File "') else re.sub(_QUOTED, f"'{MASK}'", found[0])


def mask(value: Any, name: str = "") -> Any:
    """The value of a field of that name as it may be logged; parts of lists and objects one by one."""
    if name and _NAMES.search(name) and value is not None:
        return MASK
    if isinstance(value, dict):
        return {mask_text(str(key)): mask(part, str(key)) for key, part in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [mask(part) for part in list(cast("Any", value))]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return mask_text(value if isinstance(value, str) else repr(value))
