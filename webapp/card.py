"""The card of a job, wherever it is shown: status with icon and tone, one line of news, and what may be done."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scriptjobs.errors import is_retryable
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RETRYABLE_BY_HAND, Job, JobStatus
from webapp.advice import advise
from webapp.results import count_failed, failed_names, warnings_of
from webapp.waiting import WaitingView, explain


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks (spec/ui.md): an icon, a tone of the style sheets, a word that is always shown."""

    icon: str
    tone: str
    label: str


LOOKS = {
    JobStatus.PENDING: Look("clock", "yellow", "Pending"),
    JobStatus.QUEUED: Look("clock", "yellow", "Queued"),
    JobStatus.IN_PROGRESS: Look("loader-2", "blue", "In Progress"),
    JobStatus.COMPLETED: Look("check-circle-2", "green", "Completed"),
    JobStatus.FAILED: Look("x-circle", "red", "Failed"),
    JobStatus.CANCELLED: Look("x-circle", "grey", "Cancelled"),
    JobStatus.TIMED_OUT: Look("alert-circle", "orange", "Timed Out"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button. `name` is the last part of its address; one that `asks` opens the page's question first."""

    name: str
    label: str
    icon: str
    is_primary: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class WayOn:
    """A link from an ended job to the form of a new one, filled with its input or with the part of it that failed."""

    label: str
    address: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """A failure for a person: what happened, what to do, and the facts."""

    code: str
    message: str
    says: str
    do: str
    wants_changes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCard:
    """One job, wherever it is shown. `expires_at` is when it is deleted; None while it lives or is kept."""

    job_id: str
    job_type: str
    title: str
    restaurant: str | None
    status: str
    look: Look
    note: str
    waiting: WaitingView | None
    is_live: bool
    is_running: bool
    percent: int | None
    message: str
    step_text: str
    time_left: str
    error: ErrorView | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    is_kept: bool
    duration_ms: int | None
    actions: tuple[Action, ...]
    ways_on: tuple[WayOn, ...]
    can_change: bool

    @classmethod
    def from_job(cls, job: Job, job_types: JobTypes, *, may_act: bool) -> "JobCard":
        """The card of a job for somebody who may act on it, or only look."""
        is_running = job.status is JobStatus.IN_PROGRESS
        waiting = explain(job)
        return cls(
            job_id=job.job_id,
            job_type=job.job_type,
            title=job_types.title(job.job_type),
            restaurant=job.restaurant_name,
            status=job.status.value,
            look=LOOKS[job.status],
            note=_note(job),
            waiting=waiting,
            is_live=not job.status.is_terminal,
            is_running=is_running,
            percent=_percent(job) if is_running and job.current_step else None,
            message=job.progress_message or ("Starting the browser" if is_running else ""),
            step_text=f"Step {job.current_step} of {job.total_steps}" if is_running and job.current_step else "",
            time_left=_time_left(job),
            error=_error(job) if job.status in {JobStatus.FAILED, JobStatus.TIMED_OUT} else None,
            created_at=job.created_at,
            started_at=job.started_at if job.attempt_count else None,
            ended_at=job.completed_at,
            expires_at=job.expires_at,
            is_kept=job.keep,
            duration_ms=_duration_ms(job),
            actions=_actions(job, waiting) if may_act else (),
            ways_on=_ways_on(job) if may_act and job.job_type in job_types.names else (),
            can_change=may_act and job.status in RETRYABLE_BY_HAND,
        )

    @property
    def page_title(self) -> str:
        """The title of its page, which a tab shows."""
        return f"{self.look.label} · {self.title} · Script Jobs"

    @property
    def announcement(self) -> str:
        """What a screen reader says when it changes: the status, not each percent."""
        more = self.note or (self.waiting.text if self.waiting and self.waiting.is_blocked else "")
        return f"{self.title}: {self.look.label}{', ' + more if more else ''}"


def _note(job: Job) -> str:
    """The second line under the status: what the seven states do not say."""
    if job.lacks_secrets:
        return "needs the password again"
    match job.status:
        case JobStatus.COMPLETED:
            return _note_of_result(job.result or {})
        case JobStatus.IN_PROGRESS:
            parts = [
                f"stopping: {job.stop_stage}" if job.is_stopping else "",
                f"try {job.retry_count + 1} of {job.max_retries + 1}" if job.retry_count else "",
                f"resumed at step {job.resumed_step}" if job.resumed_step else "",
            ]
            return ", ".join(filter(None, parts))
        case JobStatus.CANCELLED if job.stop_requested_at and job.current_step:
            where = f"stopped in step {job.current_step} of {job.total_steps}"
            return f"{where}: {job.progress_message}" if job.progress_message else where
        case _:
            return ""


def _note_of_result(result: dict[str, Any]) -> str:
    warnings = len(warnings_of(result))
    told = _count(warnings, "warning") if warnings else ""
    if result.get("partial"):
        failed = count_failed(result)
        problems = _count(failed, "problem") if failed else "with problems"
        return f"{problems}, {told}" if told else problems
    return told or ("not verified: the script gave no result" if result.get("unverified") else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _actions(job: Job, waiting: WaitingView | None) -> tuple[Action, ...]:
    if job.status.is_waiting:
        offers = waiting.offers if waiting else ()
        return (*(_OFFERS[waiting.code, name] for name in offers if waiting), Action("cancel", "Cancel", "ban"))
    if job.status is JobStatus.IN_PROGRESS and not job.is_stopping:
        return (Action("stop", "Stop", "x-circle", asks=True),)
    if job.status not in RETRYABLE_BY_HAND:
        return ()
    if job.lacks_secrets:
        return ()
    is_primary = not advise(job.error_code).wants_changes or job.status is JobStatus.CANCELLED
    if job.checkpoint_step is None:
        return (Action("retry", "Retry", "rotate-ccw", is_primary),)
    return (
        Action("retry", f"Resume at step {job.checkpoint_step}", "rotate-ccw", is_primary),
        Action("restart", "From the start", "rotate-ccw"),
    )


_OFFERS = {
    ("PREREQUISITE_FAILED", "retry-blocker"): Action(
        "retry-blocker", "Retry what failed", "rotate-ccw", is_primary=True
    ),
    ("PREREQUISITE_FAILED", "run-now"): Action("run-now", "Run anyway", "play"),
    ("PREREQUISITE_FAILED", "cancel-rest"): Action("cancel-rest", "Cancel the rest", "x-circle"),
    ("SCHEDULED", "run-now"): Action("run-now", "Start now", "play"),
    ("RETRY_WAIT", "run-now"): Action("run-now", "Try now", "play"),
}
# Every action that a job's page may post.
ACTIONS = (
    "cancel",
    "stop",
    "retry",
    "restart",
    "retry-blocker",
    "run-now",
    "cancel-rest",
    "keep",
    "let-go",
    "erase-secrets",
)


def _ways_on(job: Job) -> tuple[WayOn, ...]:
    """What to do after a job that has completed or was cancelled; after a failure its error says so."""
    if job.status not in {JobStatus.COMPLETED, JobStatus.CANCELLED}:
        return ()
    form = f"/launch/{job.job_type}?from={job.job_id}"
    failed = len(failed_names(job.result or {}))
    again = WayOn("Run again" if job.status is JobStatus.COMPLETED else "Start again with changes", form)
    if not failed:
        return (again,)
    said = f"Retry the {failed} that failed" if failed > 1 else "Retry the one that failed"
    return (WayOn(said, f"{form}&only=failed", is_primary=True), again)


def _percent(job: Job) -> int | None:
    """How far the job is. Steps differ in length, so that four of five may be done after a twentieth of the time: it is
    never further than the time that such a job takes, while that is not over.
    """
    if job.progress_percent is None or job.expected is None or job.resumed_step or job.started_at is None:
        return job.progress_percent
    ran_ms = (datetime.now(UTC) - job.started_at).total_seconds() * 1_000
    return min(job.progress_percent, int(100 * max(0.0, ran_ms) / max(1, job.expected.p50_ms)))


def _time_left(job: Job) -> str:
    """`about 40 s left`, `longer than usual`, or how long it usually takes; empty where nothing can be said."""
    if job.status is not JobStatus.IN_PROGRESS or job.expected is None or job.resumed_step or job.started_at is None:
        return ""
    if not job.expected.samples:
        return f"usually {_about(job.expected.p50_ms)}"
    ran_ms = (datetime.now(UTC) - job.started_at).total_seconds() * 1_000
    if ran_ms > job.expected.p90_ms:
        return f"longer than usual ({_about(job.expected.p90_ms)})"
    left_ms = job.expected.p50_ms - ran_ms
    return f"about {_about(left_ms)} left" if left_ms > 0 else f"at most {_about(job.expected.p90_ms - ran_ms)} more"


def _about(milliseconds: float) -> str:
    """Product page 3.5: 10 s below 2 minutes, 1 minute below 20, else 5."""
    seconds = max(1.0, milliseconds / 1_000)
    if seconds < 120:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = round(seconds / 60) if seconds < 1_200 else round(seconds / 300) * 5
    return f"{minutes} min"


def _error(job: Job) -> ErrorView:
    advice = advise(job.error_code)
    do = advice.do
    if is_retryable(job.error_code) and job.retry_count:
        do = f"It was tried {job.retry_count + 1} times. {do}"
    return ErrorView(
        code=job.error_code or "UNKNOWN_ERROR", message=job.error_message or "", says=advice.says, do=do,
        wants_changes=advice.wants_changes,
    )  # fmt: skip


def _duration_ms(job: Job) -> int | None:
    if job.started_at is None or job.completed_at is None:
        return None
    return max(0, round((job.completed_at - job.started_at).total_seconds() * 1_000))
