"""Redaction of known secrets in everything that comes back from a script; and the cut, which comes after it."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from scriptjobs.disguises import MASK, edges_of, pattern_of
from scriptjobs.events import FAILURE_LIMIT, LINE_LIMIT, MESSAGE_LIMIT, STACK_LIMIT, Failure, Log, Progress, StepChanged
from scriptjobs.traces import clean_trace

# A sealed value (sealing.py) is noise already; masking a piece of it would break it.
_SEALED_KEY, _SEALED = "$sealed", re.compile(r"gAAAAA[\w-]+={0,2}")

Told = TypeVar("Told")


class Redactor:
    """Masks known secrets, also where they stand encoded for an address, a page, JSON or base64.

    All that is shortened goes through it: who cuts first may leave a piece of a secret that nobody recognises.
    """

    def __init__(self, secrets: Iterable[str], seal: Callable[[Any], Any] = lambda _value: MASK) -> None:
        self._seal = seal
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._edges: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask one more from now on; of one with several lines also each line."""
        for part in {secret, secret.strip(), *(line.strip() for line in secret.splitlines() if len(line.strip()) > 7)}:
            if part.strip() and part not in self._patterns:
                self._patterns[part] = pattern_of(part)
                self._edges |= edges_of(part)
        # The longest first: a secret that is part of another one must not break that one's pattern.
        self._patterns = dict(sorted(self._patterns.items(), key=lambda item: -len(item[0])))

    def text(self, value: str, limit: int | None = None) -> str:
        """The text with every secret masked, and then cut to `limit` characters."""
        for pattern in self._patterns.values():
            value = pattern.sub(MASK, value)
        return value if limit is None or len(value) <= limit else value[: limit - 1] + "…"

    def line(self, value: str, limit: int | None = None) -> str:
        """The same for one line of many: a secret may have been broken over two, so a piece of it at an edge counts."""
        for edge in self._edges:
            value = _mask_edges(value, edge)
        return self.text(value, limit)

    def json(self, value: Any) -> Any:
        """The same for every text in a JSON value. Names stay: they are the script's, and say what a value is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value)
            if _is_sealed(items):
                return items
            return {key: self.json(item) for key, item in items.items()}
        if isinstance(value, list):
            return [self.json(item) for item in cast("list[Any]", value)]
        return value

    def seal(self, value: Any) -> Any:
        """A JSON value that a later try needs as it is: sealed as a whole where a secret stands in it."""
        is_secret = self._hides(json.dumps(value, ensure_ascii=False)) or self.json(value) != value
        return self._seal(value) if is_secret else value

    def _hides(self, text: str) -> bool:
        return self.text(text) != text

    def event(self, event: Told) -> Told:
        """What a script says, masked and cut. Results and checkpoints travel open; they are sealed at the worker."""
        match event:
            case StepChanged():
                change = {"title": self.text(event.title, MESSAGE_LIMIT)}
            case Progress():
                change = {"message": None if event.message is None else self.line(event.message, MESSAGE_LIMIT)}
            case Log():
                change = {"text": self.line(event.text, LINE_LIMIT)}
            case Failure():
                # Of a stack, the end tells most.
                stack = None if event.stack is None else self.text(event.stack)[-STACK_LIMIT:]
                change = {"message": self.text(event.message, FAILURE_LIMIT), "stack": stack}
                change |= {"details": self.json(event.details)}
            case _:
                return event
        return event.model_copy(update=change)

    def file(self, media_type: str, content: bytes) -> bytes:
        """The same for a file: a text as a whole, an archive entry by entry. Pictures are covered when taken."""
        if media_type == "application/zip":
            return clean_trace(content, self.text, self.add)
        if media_type.startswith("text/"):
            return self.text(content.decode("utf-8", errors="replace")).encode()
        return content


def _is_sealed(items: dict[str, Any]) -> bool:
    token = items.get(_SEALED_KEY) if len(items) == 1 else None
    return isinstance(token, str) and _SEALED.fullmatch(token) is not None


def _mask_edges(value: str, secret: str) -> str:
    """The line without a piece of the secret at its end or its beginning: at least a third of it."""
    least = max(4, -(-len(secret) // 3))
    told = value.rstrip(" …\"'")
    for length in range(min(len(secret) - 1, len(told)), least - 1, -1):
        if told.endswith(secret[:length]):
            value = told[:-length] + MASK + value[len(told) :]
            break
    told = value.lstrip(" …\"'")
    for length in range(min(len(secret) - 1, len(told)), least - 1, -1):
        if told.startswith(secret[-length:]):
            return value[: len(value) - len(told)] + MASK + told[length:]
    return value
