"""Wakeups: wakes the streams of a job, or of a whole list, when the database says that something happened."""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from scriptjobs.listener import EVENTS, Listener

# How long a stream waits without news before it looks for itself: while notifications come through, and while not.
LOOK_ANYWAY_S = 10.0
LOOK_WITHOUT_NEWS_S = 2.0


class News:
    """What one watcher has not looked at yet: `woken` is set with each piece of news."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self._ids: set[str] = set()

    def add(self, job_id: str) -> None:
        """Note that something happened to a job; "" when it may have happened to any."""
        self._ids.add(job_id)
        self.woken.set()

    def take(self) -> set[str]:
        """The ids (UUIDs as text, "" for any) since the last time."""
        self.woken.clear()
        ids, self._ids = self._ids, set()
        return ids


class Wakeups:
    """Fans one LISTEN connection out to any number of streams."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._watchers: dict[str | None, set[News]] = defaultdict(set)
        listener.subscribe(EVENTS, self._hear)

    @contextmanager
    def watching(self, id_: UUID | None) -> Generator[News]:
        """The news of one job, with None those of all jobs, while the block runs."""
        news = self.watch(id_)
        try:
            yield news
        finally:
            self.unwatch(id_, news)

    def watch(self, id_: UUID | None) -> News:
        """The same until `unwatch`."""
        news = News()
        self._watchers[_key(id_)].add(news)
        return news

    def unwatch(self, id_: UUID | None, news: News) -> None:
        """Undo `watch`."""
        key = _key(id_)
        self._watchers[key].discard(news)
        if not self._watchers[key]:
            del self._watchers[key]

    @property
    def is_live(self) -> bool:
        """Whether notifications come through."""
        return self._listener.is_live

    @property
    def patience_s(self) -> float:
        """How long to wait before looking without being woken."""
        return LOOK_ANYWAY_S if self._listener.is_live else LOOK_WITHOUT_NEWS_S

    def _hear(self, job_id: str) -> None:
        for key in (job_id, None) if job_id else tuple(self._watchers):
            for news in self._watchers.get(key, ()):
                news.add(job_id)


def _key(id_: UUID | None) -> str | None:
    return str(id_) if id_ else None
