"""Fragments: the parts of a live page as HTML, and what of them one page has not seen yet."""

from dataclasses import dataclass, field

from scriptjobs.job_types import JobTypes
from scriptjobs.service import JobDetails, JobFilter, JobList
from webapp.card import JobCard
from webapp.job_list import ListView
from webapp.render import partial, swap
from webapp.views import JobPage


@dataclass(frozen=True, slots=True)
class Whole:
    """A place that is sent as one when what it is made of changed, and else by its parts."""

    target: str
    html: str
    made_of: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """The parts of a page as HTML, by where they go. The log is apart: it only grows.

    `is_live` says whether anything more will come by itself; `moves` whether time alone changes what is shown.
    """

    parts: dict[str, str]
    is_live: bool
    moves: bool
    whole: Whole | None = None
    log: dict[int, str] = field(default_factory=dict[int, str])
    log_whole: str = ""
    attempt: int = 0
    last_event_id: int = 0


def page_fragments(details: JobDetails, job_types: JobTypes, *, may_act: bool) -> Fragments:
    """The parts of a job's page."""
    page = JobPage.from_details(details, job_types, may_act=may_act)
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
        moves=page.card.is_running,
    )


def list_fragments(found: JobList, wanted: JobFilter, job_types: JobTypes, *, may_act: bool) -> Fragments:
    """The parts of a list: its rows, and the whole of it for when a row came, went or moved."""
    shown = ListView.of([JobCard.from_job(job, job_types, may_act=may_act) for job in found.jobs], found, wanted)
    return Fragments(
        parts={f"#row-{card.job_id}": partial("job_row", card) for card in shown.cards},
        whole=Whole("#job-list", partial("job_list", shown), (found.total, *(card.job_id for card in shown.cards))),
        is_live=True,
        moves=any(card.is_running for card in shown.cards),
    )


@dataclass(slots=True)
class Seen:
    """What one page shows already. `last_event_id` and `attempt` come from the page itself when it connects."""

    last_event_id: int = 0
    attempt: int | None = None
    parts: dict[str, str] = field(default_factory=dict[str, str])
    made_of: tuple[object, ...] | None = None

    def take(self, fragments: Fragments) -> str:
        """The HTML that brings the page up to date; empty when nothing changed."""
        whole = fragments.whole
        if whole and whole.made_of != self.made_of:
            self.made_of = whole.made_of
            news = [swap(whole.target, whole.html)]
        else:
            changed = (item for item in fragments.parts.items() if self.parts.get(item[0]) != item[1])
            news = [swap(target, html) for target, html in changed]
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
