"""Patience: how long one request may wait for the database, in all its transactions together."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from scriptjobs.errors import DatabaseUnavailable

# An answer comes within six seconds: five for the database, one for everything else.
REQUEST_LIMIT_S = 5.0


@dataclass(slots=True)
class Patience:
    """Seconds that are left; None: no limit but that of each statement, as for a stream that has begun."""

    left_s: float | None
    depth: int = 0


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def limited_patience(seconds: float = REQUEST_LIMIT_S) -> Generator[Patience]:
    """Within this context, all waiting for the database together takes no more than `seconds`."""
    patience = Patience(seconds)
    before = _patience.set(patience)
    try:
        yield patience
    finally:
        _patience.reset(before)


@contextmanager
def spent_on_database(most_s: float | None = None) -> Generator[float | None]:
    """Count the time of this context; gives the seconds that it may take, None for any number. `most_s` is the limit of
    whoever asks.

    Raises:
        DatabaseUnavailable: nothing is left.
    """
    patience = _patience.get()
    limit_s = patience.left_s if patience else None
    if patience is None or limit_s is None:
        yield most_s
        return
    if limit_s <= 0:
        raise DatabaseUnavailable("the request has waited long enough")
    began = time.monotonic()
    patience.depth += 1
    try:
        yield min(limit_s, most_s or limit_s)
    finally:
        patience.depth -= 1
        left_s: float | None = patience.left_s  # by now there may be no limit any more
        if patience.depth == 0 and left_s is not None:
            patience.left_s = left_s - (time.monotonic() - began)
