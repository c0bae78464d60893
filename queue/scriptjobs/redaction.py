"""Redaction of known secrets in everything that comes back from a script."""

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote, quote_plus

from scriptjobs.traces import clean_trace

MASK = "[redacted]"


class Redactor:
    """Masks known secrets, also where they stand encoded for an address, a page, JSON or base64."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._patterns: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask one more from now on."""
        if not secret:
            return
        whole = re.escape(secret)
        # A very short secret would mask half of every line, so it counts only where it stands alone.
        self._patterns.add(whole if len(secret) >= 4 else rf"(?<!\w){whole}(?!\w)")
        if len(secret) >= 4:
            self._patterns.update(re.escape(form) for form in _encoded(secret))
        self._pattern = re.compile("|".join(sorted(self._patterns, key=len, reverse=True)))

    def text(self, value: str) -> str:
        """The text with every secret masked."""
        return self._pattern.sub(MASK, value) if self._pattern else value

    def json(self, value: Any) -> Any:
        """The same for every string in a JSON value, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value)
            return {self.text(key): self.json(item) for key, item in items.items()}
        if isinstance(value, list):
            return [self.json(item) for item in cast("list[Any]", value)]
        return value

    def file(self, media_type: str, content: bytes) -> bytes:
        """The same for a file: a text as a whole, an archive entry by entry. Pictures are covered when taken."""
        if media_type == "application/zip":
            return clean_trace(content, self.text, self.add)
        if media_type.startswith("text/"):
            return self.text(content.decode("utf-8", errors="replace")).encode()
        return content


def _encoded(secret: str) -> set[str]:
    raw = secret.encode()
    forms = {quote(secret, safe=""), quote_plus(secret), html.escape(secret), json.dumps(secret)[1:-1]}
    # In base64 a text looks different at each of three offsets; the edge characters mix with their neighbours.
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        core = coded[(0, 2, 3)[offset] : -1]
        if len(core) >= 6:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
