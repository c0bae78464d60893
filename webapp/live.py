"""Live pages: each part of a job rendered once when it changed, and sent to every page that shows the job."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import Request

from scriptjobs.jobs import Job
from scriptjobs.service import JobDetails, ScriptJobService
from webapp.card import JobCard
from webapp.render import partial, swap
from webapp.views import JobPage
from webapp.wakeups import Wakeups

STREAM_SECONDS = 15 * 60.0


@dataclass(slots=True)
class Fragments:
    """The parts of a page as HTML, by where they go. The log is apart: it only grows."""

    parts: dict[str, str]
    log: dict[int, str]
    log_whole: str
    attempt: int
    last_event_id: int
    is_live: bool


def page_fragments(details: JobDetails, service: ScriptJobService, *, may_act: bool) -> Fragments:
    """The parts of the job's page."""
    page = JobPage.from_details(details, service.job_types, may_act=may_act)
    job_id = page.card.job_id
    return Fragments(
        parts={
            f"#job-{job_id}": partial("job_status_card", page.card),
            f"#steps-{job_id}": partial("job_steps", page),
            f"#picture-{job_id}": partial("job_picture", page),
            f"#outcome-{job_id}": partial("job_outcome", page),
            f"#past-{job_id}": partial("job_history", page),
        },
        log={line.id: partial("job_log_line", line) for line in page.log},
        log_whole=partial("job_log", page),
        attempt=page.attempt,
        last_event_id=details.last_event_id,
        is_live=page.card.is_live,
    )


def row_fragments(jobs: list[Job], service: ScriptJobService, *, may_act: bool) -> Fragments:
    """The rows of a list."""
    cards = [JobCard.from_job(job, service.job_types, may_act=may_act) for job in jobs]
    return Fragments(
        parts={f"#row-{card.job_id}": partial("job_row", card) for card in cards}, log={}, log_whole="", attempt=0,
        last_event_id=0, is_live=any(card.is_live for card in cards),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows (`view` is one of VIEWS), to somebody who may act on it or only look."""

    view: str
    job_ids: tuple[str, ...]
    may_act: bool


VIEWS = ("page", "rows")


@dataclass(slots=True)
class _Topic:
    watchers: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    version: int = -1
    rendered: Fragments | None = None


class Live:
    """Shares the rendering among all streams that show the same, and words what each of them has not seen yet."""

    def __init__(self, service: ScriptJobService, wakeups: Wakeups) -> None:
        self._service = service
        self._wakeups = wakeups
        self._topics: dict[Shown, _Topic] = defaultdict(_Topic)

    async def look(self, shown: Shown) -> Fragments | None:
        """What the page shows by now; None when it is gone. Whether the caller may see it was asked before."""
        if shown.view == "rows":
            jobs = await self._service.watch_jobs(list(shown.job_ids))
            return row_fragments(jobs, self._service, may_act=shown.may_act)
        details = await self._service.watch_details(shown.job_ids[0])
        return page_fragments(details, self._service, may_act=shown.may_act) if details else None

    async def stream(
        self, shown: Shown, ids: list[UUID], seen: "Seen", stopping: asyncio.Event
    ) -> AsyncGenerator[tuple[int, str]]:
        """(event id, HTML) whenever one of the jobs `ids` changed, until all have ended, the time is up or we stop."""
        deadline = asyncio.get_running_loop().time() + STREAM_SECONDS
        with self._topic(shown) as topic, self._wakeups.watching(ids) as woken:
            while not stopping.is_set() and asyncio.get_running_loop().time() < deadline:
                woken.clear()
                found = await self._shared_look(topic, shown, ids)
                if found and (news := seen.take(found)):
                    yield found.last_event_id, news
                if not found or not found.is_live:
                    return
                await wait_for_any(woken, stopping, timeout_s=self._wakeups.patience_s)

    @contextmanager
    def _topic(self, shown: Shown) -> Generator[_Topic]:
        topic = self._topics[shown]
        topic.watchers += 1
        try:
            yield topic
        finally:
            topic.watchers -= 1
            if not topic.watchers:
                del self._topics[shown]

    async def _shared_look(self, topic: _Topic, shown: Shown, ids: list[UUID]) -> Fragments | None:
        """Made by the first stream that asks after a change, shared with the others."""
        async with topic.lock:
            version = sum(self._wakeups.version(id_) for id_ in ids)
            if topic.version != version or not self._wakeups.is_live:
                topic.rendered = await self.look(shown)
                topic.version = version
            return topic.rendered


@dataclass(slots=True)
class Seen:
    """What one page shows already. `last_event_id` and `attempt` come from the page itself when it connects."""

    last_event_id: int = 0
    attempt: int | None = None
    parts: dict[str, str] = field(default_factory=dict[str, str])

    def take(self, fragments: Fragments) -> str:
        """The HTML that brings the page up to date; empty when nothing changed."""
        news = [swap(target, html) for target, html in fragments.parts.items() if self.parts.get(target) != html]
        self.parts |= fragments.parts
        if fragments.log_whole:
            news += self._log_news(fragments)
        self.last_event_id = max(self.last_event_id, fragments.last_event_id)
        return "".join(news)

    def _log_news(self, fragments: Fragments) -> list[str]:
        """New lines are added at the end; a new attempt begins a new log."""
        if self.attempt is not None and self.attempt != fragments.attempt:
            self.attempt = fragments.attempt
            return [swap("#log", fragments.log_whole)]
        self.attempt = fragments.attempt
        lines = "".join(html for id_, html in fragments.log.items() if id_ > self.last_event_id)
        return [swap("#log-lines", lines, "beforeend")] if lines else []


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
