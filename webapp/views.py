"""What templates see: jobs as cards and rows, worded, with icon and tone from one table."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scriptjobs.errors import is_retryable
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RETRYABLE_BY_HAND, Attempt, Job, JobFile, JobStatus, Step, StepState
from scriptjobs.service import JobDetails, JobEvent
from webapp.advice import advise


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
_OUTCOMES = {
    None: "running", "completed": "completed", "failed": "failed", "timed_out": "timed out",
    "cancelled": "cancelled", "released": "moved to another worker", "lost": "worker stopped",
}  # fmt: skip


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
    """One job, wherever it is shown."""

    job_id: str
    job_type: str
    title: str
    restaurant: str | None
    status: str
    look: Look
    note: str
    is_live: bool
    is_running: bool
    percent: int | None
    message: str
    step_text: str
    error: ErrorView | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    can_cancel: bool
    can_retry: bool

    @classmethod
    def from_job(cls, job: Job, job_types: JobTypes, *, may_act: bool) -> "JobCard":
        """The card of a job for somebody who may act on it, or only look."""
        is_running = job.status is JobStatus.IN_PROGRESS
        return cls(
            job_id=job.job_id,
            job_type=job.job_type,
            title=job_types.title(job.job_type),
            restaurant=job.restaurant_name,
            status=job.status.value,
            look=LOOKS[job.status],
            note=_note(job),
            is_live=not job.status.is_terminal,
            is_running=is_running,
            percent=job.progress_percent if is_running and job.current_step else None,
            message=job.progress_message or ("Starting the browser" if is_running else ""),
            step_text=f"Step {job.current_step} of {job.total_steps}" if is_running and job.current_step else "",
            error=_error(job) if job.status in {JobStatus.FAILED, JobStatus.TIMED_OUT} else None,
            created_at=job.created_at,
            started_at=job.started_at if job.attempt_count else None,
            ended_at=job.completed_at,
            duration_ms=_duration_ms(job),
            can_cancel=may_act and job.status.is_waiting,
            can_retry=may_act and job.status in RETRYABLE_BY_HAND,
        )

    @property
    def announcement(self) -> str:
        """What a screen reader says when it changes: the status, not each percent."""
        return f"{self.title}: {self.look.label}{', ' + self.note if self.note else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One line of the list of steps. `state` is todo, running, done or failed."""

    position: int
    title: str
    state: str
    started_at: datetime | None = None
    duration_ms: int | None = None
    picture: JobFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log."""

    id: int
    level: str
    source: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """A result: its message, its facts, its table of details."""

    message: str
    is_partial: bool
    facts: list[tuple[str, str]]
    columns: list[str]
    rows: list[list[str]]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One try, in a line."""

    number: int
    outcome: str
    started_at: datetime
    duration_ms: int | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """All parts of the job's page."""

    card: JobCard
    steps: list[StepView]
    pictures: list[JobFile]
    log: list[LogLine]
    attempt: int
    result: ResultView | None
    attempts: list[AttemptView]
    history: list[tuple[datetime, str, str]] = field(default_factory=list[tuple[datetime, str, str]])

    @classmethod
    def from_details(cls, details: JobDetails, job_types: JobTypes, *, may_act: bool) -> "JobPage":
        """The page of a job."""
        job = details.job
        return cls(
            card=JobCard.from_job(job, job_types, may_act=may_act),
            steps=_steps(job, details.steps, details.files, job_types),
            pictures=details.files,
            log=[_line(event) for event in details.log],
            attempt=job.attempt_count,
            result=_result(_in_order(job, job_types)) if job.result else None,
            attempts=[_attempt(attempt) for attempt in details.attempts],
            history=[(event.created_at, _moved(event), _actor(event.actor)) for event in details.history],
        )


def _note(job: Job) -> str:
    """The second line under the status: what the seven states do not say."""
    result: dict[str, Any] = job.result or {}
    if job.status.is_waiting and job.next_retry_at:
        code = f" ({job.error_code})" if job.error_code else ""
        at = job.next_retry_at.astimezone(UTC).strftime("%H:%M:%S UTC")
        return f"try {job.retry_count + 1} of {job.max_retries + 1} at {at}{code}"
    if job.status is JobStatus.COMPLETED and result.get("partial"):
        data: dict[str, Any] = result.get("data") or {}
        failed = data.get("itemsFailed")
        return f"{failed} problem{'s' if failed != 1 else ''}" if failed else "with problems"
    if job.status is JobStatus.COMPLETED and result.get("unverified"):
        return "not verified: the script gave no result"
    if job.status is JobStatus.IN_PROGRESS and job.retry_count:
        return f"try {job.retry_count + 1} of {job.max_retries + 1}"
    return ""


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


def _steps(job: Job, steps: list[Step], files: list[JobFile], job_types: JobTypes) -> list[StepView]:
    begun = {step.position: step for step in steps}
    pictures = {file.step: file for file in files}
    titles = list(job_types.get(job.job_type).steps) if job.job_type in job_types.names else []
    titles += [step.title for step in steps[len(titles) :]]
    views: list[StepView] = []
    for position, title in enumerate(titles, start=1):
        step = begun.get(position)
        if step is None:
            views.append(StepView(position=position, title=title, state="todo"))
            continue
        # A step that still runs when its job has ended was cut off.
        state = StepState.FAILED if step.state is StepState.RUNNING and job.status.is_terminal else step.state
        views.append(
            StepView(
                position=position, title=step.title, state=state.value, started_at=step.started_at,
                duration_ms=step.duration_ms, picture=pictures.get(position),
            )
        )  # fmt: skip
    return views


def _line(event: JobEvent) -> LogLine:
    data = event.data
    return LogLine(
        id=event.id, level=data.get("level", "info"), source=data.get("source", "script"), text=data.get("text", ""),
        at=event.created_at,
    )  # fmt: skip


def _in_order(job: Job, job_types: JobTypes) -> dict[str, Any]:
    result = job.result or {}
    return job_types.get(job.job_type).in_order(result) if job.job_type in job_types.names else result


def _result(result: dict[str, Any]) -> ResultView:
    data: dict[str, Any] = result.get("data") or {}
    details: list[dict[str, Any]] = data.get("details") or []
    columns = list(dict.fromkeys(key for row in details for key in row))
    columns = [column for column in columns if any(row.get(column) not in (None, "") for row in details)]
    return ResultView(
        message=str(result.get("message", "")),
        is_partial=bool(result.get("partial")),
        facts=[(_words(key), str(value)) for key, value in data.items() if not isinstance(value, list | dict)],
        columns=[_words(column) for column in columns],
        rows=[["" if row.get(column) is None else str(row[column]) for column in columns] for row in details],
        raw=result,
    )


def _words(key: str) -> str:
    """`itemsCreated` as "Items created"."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in key).replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def _attempt(attempt: Attempt) -> AttemptView:
    took = attempt.ended_at - attempt.started_at if attempt.ended_at else None
    return AttemptView(
        number=attempt.number,
        outcome=_OUTCOMES.get(attempt.outcome, attempt.outcome or ""),
        started_at=attempt.started_at,
        duration_ms=round(took.total_seconds() * 1_000) if took is not None else None,
        error=f"{attempt.error_code}: {attempt.error_message}" if attempt.error_code else "",
    )


def _moved(event: JobEvent) -> str:
    look = LOOKS[JobStatus(event.data["status"])]
    return f"{look.label} ({event.data['error']['code']})" if "error" in event.data else look.label


def _actor(actor: str | None) -> str:
    kind, _, _ = (actor or "").partition(":")
    return {"user": "a person", "worker": "a worker", "sweep": "the sweep for lost jobs"}.get(kind, "the database")
