"""Wakeups: wakes the streams of a job when the database says that something happened to it."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from uuid import UUID

from scriptjobs.listener import EVENTS, Listener

# How long a stream waits without news before it looks for itself: while notifications come through, and while not.
LOOK_ANYWAY_S = 10.0
LOOK_WITHOUT_NEWS_S = 2.0


class Wakeups:
    """Fans one LISTEN connection out to any number of streams."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._versions: dict[str, int] = defaultdict(int)
        listener.subscribe(EVENTS, self._hear)

    @contextmanager
    def watching(self, ids: Iterable[UUID]) -> Generator[asyncio.Event]:
        """An event that is set whenever something happened to one of the jobs."""
        keys = [str(id_) for id_ in ids]
        woken = asyncio.Event()
        for key in keys:
            self._waiting[key].add(woken)
        try:
            yield woken
        finally:
            for key in keys:
                self._waiting[key].discard(woken)
                if not self._waiting[key]:
                    del self._waiting[key]
                    self._versions.pop(key, None)

    def version(self, id_: UUID) -> int:
        """Grows with each piece of news of a watched job."""
        return self._versions[str(id_)]

    @property
    def is_live(self) -> bool:
        """Whether notifications come through."""
        return self._listener.is_live

    @property
    def patience_s(self) -> float:
        """How long to wait before looking without being woken."""
        return LOOK_ANYWAY_S if self._listener.is_live else LOOK_WITHOUT_NEWS_S

    def _hear(self, job_id: str) -> None:
        for key in [job_id] if job_id else list(self._waiting):
            if key in self._waiting:
                self._versions[key] += 1
                for woken in self._waiting[key]:
                    woken.set()
