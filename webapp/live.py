"""Live pages: what a page shows, rendered once for all who may see the same, and sent to each when it changed."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import Request

from scriptjobs.errors import JobNotFound
from scriptjobs.service import Caller, JobFilter, ScriptJobService
from webapp.fragments import Fragments, Seen, list_fragments, page_fragments
from webapp.staying import Stay
from webapp.streams import with_farewell
from webapp.wakeups import News, Wakeups

STREAM_SECONDS = 15 * 60.0
# A busy list is drawn so often at most: twenty rows of running jobs change many times a second.
LIST_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows: one job, or a list. What is seen of it depends on the organisation and on whether one may act;
    all who share these share the rendering.
    """

    organisation_id: UUID
    may_act: bool
    job_id: str = ""
    job_uuid: UUID | None = None
    wanted: JobFilter | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A message of a live stream: `fragments` with HTML, or a last `goodbye` with its reason."""

    event: str
    data: str
    id: int = 0


@dataclass(slots=True)
class _Topic:
    news: News
    watchers: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rendered: Fragments | None = None
    rendered_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """One page that watches: who, what, what it shows already, and what asks whether it may go on."""

    caller: Caller
    shown: Shown
    seen: Seen
    stay: Stay


class Live:
    """Shares the rendering among all streams that show the same, and words what each of them has not seen yet."""

    def __init__(self, service: ScriptJobService, wakeups: Wakeups) -> None:
        self._service = service
        self._wakeups = wakeups
        self._topics: dict[Shown, _Topic] = {}

    async def look(self, caller: Caller, shown: Shown) -> Fragments | None:
        """What the page shows by now, read as the caller; None when there is nothing that the caller may see."""
        if shown.wanted:
            found = await self._service.list_jobs(caller, shown.wanted)
            return list_fragments(found, shown.wanted, self._service.job_types, may_act=shown.may_act)
        try:
            details = await self._service.get_details(caller, shown.job_id)
        except JobNotFound:
            return None
        return page_fragments(details, self._service.job_types, may_act=shown.may_act)

    async def stream(self, watch: Watch, stopping: asyncio.Event) -> AsyncGenerator[Told]:
        """News of the page whenever there are some, and at last the reason for the end."""
        async for told in with_farewell(self._follow(watch, stopping), lambda reason: Told("goodbye", reason)):
            yield told

    async def _follow(self, watch: Watch, stopping: asyncio.Event) -> AsyncGenerator[Told]:
        deadline = time.monotonic() + STREAM_SECONDS
        with self._topic(watch.shown) as topic, self._wakeups.watching(watch.shown.job_uuid) as news:
            while not stopping.is_set() and time.monotonic() < deadline:
                news.take()
                if reason := await watch.stay.end_reason():
                    yield Told("goodbye", reason)
                    return
                found = await self._shared_look(topic, watch)
                if found and (html := watch.seen.take(found)):
                    yield Told("fragments", html, found.last_event_id)
                if not found or not found.is_live:
                    yield Told("goodbye", "ended" if found else "gone")
                    return
                await self._rest(watch, news, stopping)
        yield Told("goodbye", "stopping" if stopping.is_set() else "reconnect")

    async def _rest(self, watch: Watch, news: News, stopping: asyncio.Event) -> None:
        """Wait for news, or until it is time to look or to ask again."""
        if watch.shown.wanted:
            await wait_for_any(stopping, timeout_s=LIST_PAUSE_S)
        patience_s = min(self._wakeups.patience_s, watch.stay.patience_s)
        await wait_for_any(news.woken, stopping, timeout_s=patience_s)

    @contextmanager
    def _topic(self, shown: Shown) -> Generator[_Topic]:
        topic = self._topics.get(shown)
        if topic is None:
            topic = self._topics[shown] = _Topic(self._wakeups.watch(shown.job_uuid))
        topic.watchers += 1
        try:
            yield topic
        finally:
            topic.watchers -= 1
            if not topic.watchers:
                del self._topics[shown]
                self._wakeups.unwatch(shown.job_uuid, topic.news)

    async def _shared_look(self, topic: _Topic, watch: Watch) -> Fragments | None:
        """Made by the first stream that asks after a change, shared with the others. What one person may no longer see
        ends that person's stream alone: the next one looks for itself.
        """
        async with topic.lock:
            # Not there while it is made: a look that fails leaves nothing stale behind.
            found, topic.rendered = topic.rendered, None
            if found is None or await self._is_stale(topic, watch, found):
                topic.news.take()
                topic.rendered_at = time.monotonic()
                found = await self.look(watch.caller, watch.shown)
            topic.rendered = found
            return found

    async def _is_stale(self, topic: _Topic, watch: Watch, found: Fragments) -> bool:
        heard = topic.news.take()
        if not self._wakeups.is_live or "" in heard:
            return True
        if found.moves and time.monotonic() - topic.rendered_at >= self._wakeups.patience_s:
            return True
        if not heard or watch.shown.wanted is None:
            return bool(heard)
        return await self._service.is_any_of(watch.caller, [UUID(id_) for id_ in heard])


def live_of(request: Request) -> Live:
    """The live pages of the site that serves this request."""
    return request.app.state.live


async def wait_for_any(*events: asyncio.Event, timeout_s: float) -> None:
    """Wait until one of the events is set, or the time is up."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
