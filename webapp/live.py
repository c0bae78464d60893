"""Live pages: each part of a job rendered once when it changed, and sent to every page that shows the job."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import Request

from scriptjobs.jobs import Job
from scriptjobs.service import JobDetails, ScriptJobService
from webapp.render import partial, swap
from webapp.views import JobCard, JobPage
from webapp.wakeups import Wakeups

STREAM_SECONDS = 15 * 60.0


@dataclass(slots=True)
class Fragments:
    """The parts of one job as HTML, by where they go. The log is apart: it only grows."""

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
            f"#outcome-{job_id}": partial("job_outcome", page),
            f"#past-{job_id}": partial("job_history", page),
        },
        log={line.id: partial("job_log_line", line) for line in page.log},
        log_whole=partial("job_log", page),
        attempt=page.attempt,
        last_event_id=details.last_event_id,
        is_live=page.card.is_live,
    )


def row_fragments(details: JobDetails, service: ScriptJobService, *, may_act: bool) -> Fragments:
    """The row of a job in a list."""
    card = JobCard.from_job(details.job, service.job_types, may_act=may_act)
    return Fragments(
        parts={f"#row-{card.job_id}": partial("job_row", card)}, log={}, log_whole="", attempt=0,
        last_event_id=details.last_event_id, is_live=card.is_live,
    )  # fmt: skip


RENDERERS = {"page": page_fragments, "rows": row_fragments}


@dataclass(slots=True)
class _Topic:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    version: int = -1
    rendered: Fragments | None = None


class Live:
    """Shares the rendering among all streams of a job, and words what each of them has not seen yet."""

    def __init__(self, service: ScriptJobService, wakeups: Wakeups) -> None:
        self._service = service
        self._wakeups = wakeups
        self._topics: dict[tuple[UUID, str, bool], _Topic] = {}
        self._watchers: dict[tuple[UUID, str, bool], int] = {}

    async def stream(
        self, jobs: list[Job], view: str, *, may_act: bool, seen: "Seen", stopping: asyncio.Event
    ) -> AsyncGenerator[tuple[int, str]]:
        """(event id, HTML) whenever something changed, until every job has ended, the time is up or we stop."""
        keys = {job.id: (job.id, view, may_act) for job in jobs}
        for key in keys.values():
            self._watchers[key] = self._watchers.get(key, 0) + 1
        deadline = asyncio.get_running_loop().time() + STREAM_SECONDS
        try:
            with self._wakeups.watching(keys) as woken:
                while not stopping.is_set() and asyncio.get_running_loop().time() < deadline:
                    woken.clear()
                    found = [await self._fragments(key) for key in keys.values()]
                    news = "".join(seen.take(fragments) for fragments in found if fragments)
                    if news:
                        yield max((item.last_event_id for item in found if item), default=0), news
                    if not any(item and item.is_live for item in found):
                        return
                    await wait_for_any(woken, stopping, timeout_s=self._wakeups.patience_s)
        finally:
            self._leave(list(keys.values()))

    def _leave(self, keys: list[tuple[UUID, str, bool]]) -> None:
        for key in keys:
            self._watchers[key] -= 1
            if not self._watchers[key]:
                del self._watchers[key]
                self._topics.pop(key, None)

    async def _fragments(self, key: tuple[UUID, str, bool]) -> Fragments | None:
        """The fragments of a job; made by the first stream that asks after a change, shared with the others."""
        topic = self._topics.setdefault(key, _Topic())
        async with topic.lock:
            version = self._wakeups.version(key[0])
            if topic.version != version or not self._wakeups.is_live:
                details = await self._service.watch_details(key[0])
                topic.rendered = RENDERERS[key[1]](details, self._service, may_act=key[2]) if details else None
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
