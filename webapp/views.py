"""What templates see of a job beside its card: steps, log, result, attempts, history."""

from dataclasses import dataclass, field
from datetime import datetime

from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RETRYABLE_BY_HAND, Attempt, Job, JobFile, JobStatus, Prerequisite, Step, StepState
from scriptjobs.service import AttemptDetails, JobDetails, JobEvent
from webapp.card import LOOKS, Action, JobCard
from webapp.results import ResultView

_OUTCOMES = {
    None: "running", "completed": "completed", "failed": "failed", "timed_out": "timed out",
    "cancelled": "cancelled", "released": "moved to another worker", "lost": "worker stopped",
}  # fmt: skip

# The files of scriptjobs/child/evidence.py, in words.
_EVIDENCE = {
    "page.jpg": "The whole page as a picture",
    "page.html": "The page as HTML",
    "browser.txt": "What the browser said",
    "trace.zip": "Trace for Playwright's viewer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One line of the list of steps. `state` is todo, running, done, failed, or stopped: cut off before its end."""

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
class AttemptView:
    """One try, in a line."""

    number: int
    outcome: str
    worker: str
    started_at: datetime
    duration_ms: int | None
    error: str
    resumed: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a failed try left for whoever looks into it."""

    label: str
    file: JobFile


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """All parts of the job's page."""

    card: JobCard
    steps: list[StepView]
    pictures: list[JobFile]
    evidence: list[Evidence]
    log: list[LogLine]
    attempt: int
    result: ResultView | None
    attempts: list[AttemptView]
    prerequisites: list[Prerequisite]
    unseen_prerequisites: int = 0
    keep_action: Action | None
    erase_action: Action | None
    history: list[tuple[datetime, str, str]] = field(default_factory=list[tuple[datetime, str, str]])

    @classmethod
    def from_details(cls, details: JobDetails, job_types: JobTypes, *, may_act: bool) -> "JobPage":
        """The page of a job."""
        job = details.job
        return cls(
            card=JobCard.from_job(job, job_types, may_act=may_act),
            steps=_steps(job, details.steps, details.files, job_types, _how_it_ended(job)),
            pictures=[file for file in details.files if not file.is_evidence],
            evidence=_evidence(details.files),
            log=[_line(event) for event in details.log],
            attempt=job.attempt_count,
            result=_result(job, job_types) if job.result else None,
            attempts=[_attempt(attempt) for attempt in details.attempts],
            prerequisites=details.prerequisites,
            unseen_prerequisites=details.unseen_prerequisites,
            keep_action=_keep_action(job) if may_act and job.status.is_terminal else None,
            erase_action=_erase_action(job, job_types) if may_act else None,
            history=[(event.created_at, _moved(event), _actor(event.actor)) for event in details.history],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPage:
    """The page of one try, number `attempt` of `of`."""

    card: JobCard
    attempt: int
    of: int
    facts: AttemptView
    steps: list[StepView]
    evidence: list[Evidence]
    log: list[LogLine]

    @classmethod
    def from_details(cls, details: AttemptDetails, job_types: JobTypes) -> "AttemptPage":
        """The page of a try."""
        job, attempt = details.job, details.attempt
        return cls(
            card=JobCard.from_job(job, job_types, may_act=False),
            attempt=attempt.number,
            of=job.attempt_count,
            facts=_attempt(attempt),
            steps=_steps(job, details.steps, details.files, job_types, attempt.outcome),
            evidence=_evidence(details.files),
            log=[_line(event) for event in details.log],
        )


def _steps(
    job: Job, steps: list[Step], files: list[JobFile], job_types: JobTypes, outcome: str | None
) -> list[StepView]:
    """The steps of one try; `outcome` is None while it runs."""
    begun = {step.position: step for step in steps}
    pictures = {file.step: file for file in files if not file.is_evidence}
    titles = list(job_types.get(job.job_type).steps) if job.job_type in job_types.names else []
    titles += [step.title for step in steps[len(titles) :]]
    views: list[StepView] = []
    for position, title in enumerate(titles, start=1):
        step = begun.get(position)
        if step is None:
            views.append(StepView(position=position, title=title, state="todo"))
            continue
        views.append(
            StepView(
                position=position, title=step.title, state=_step_state(step, outcome), started_at=step.started_at,
                duration_ms=step.duration_ms, picture=pictures.get(position),
            )
        )  # fmt: skip
    return views


def _how_it_ended(job: Job) -> str | None:
    return None if job.status is JobStatus.IN_PROGRESS else job.status.value


def _step_state(step: Step, outcome: str | None) -> str:
    """A step that still runs when its try has ended was cut off: it failed, unless somebody or something stopped it."""
    if step.state is not StepState.RUNNING or outcome is None:
        return step.state.value
    return StepState.FAILED.value if outcome in {"failed", "timed_out"} else "stopped"


def _evidence(files: list[JobFile]) -> list[Evidence]:
    return [Evidence(_EVIDENCE.get(file.name, file.name), file) for file in files if file.is_evidence]


def _keep_action(job: Job) -> Action:
    return Action("let-go", "Let it go", "x") if job.keep else Action("keep", "Keep it", "check")


def _erase_action(job: Job, job_types: JobTypes) -> Action | None:
    """Offered while the job holds a password for a retry."""
    has_secrets = job.job_type in job_types.names and job_types.get(job.job_type).has_secrets
    is_kept = job.status in RETRYABLE_BY_HAND and not job.lacks_secrets
    return Action("erase-secrets", "Erase the password", "x") if has_secrets and is_kept else None


def _line(event: JobEvent) -> LogLine:
    data = event.data
    return LogLine(
        id=event.id, level=data.get("level", "info"), source=data.get("source", "script"), text=data.get("text", ""),
        at=event.created_at,
    )  # fmt: skip


def _result(job: Job, job_types: JobTypes) -> ResultView:
    is_known = job.job_type in job_types.names
    return ResultView.from_result(job.result or {}, job_types.get(job.job_type) if is_known else None)


def _attempt(attempt: Attempt) -> AttemptView:
    took = attempt.ended_at - attempt.started_at if attempt.ended_at else None
    return AttemptView(
        number=attempt.number,
        worker=attempt.worker_id,
        outcome=_OUTCOMES.get(attempt.outcome, attempt.outcome or ""),
        started_at=attempt.started_at,
        duration_ms=round(took.total_seconds() * 1_000) if took is not None else None,
        resumed=f"resumed at step {attempt.resumed_step}" if attempt.resumed_step else "",
        error=f"{attempt.error_code}: {attempt.error_message}" if attempt.error_code else "",
    )


_ACTIONS = {
    "erase_secrets": "Password erased",
    "run_now": "Told to run now",
    "keep": "Kept",
    "let_go": "No longer kept",
}


def _moved(event: JobEvent) -> str:
    if event.kind == "stop":
        return f"Stop: {event.data['stage']}"
    if event.kind == "action":
        action: str = event.data["action"]
        return _ACTIONS.get(action, action)
    look = LOOKS[JobStatus(event.data["status"])]
    return f"{look.label} ({event.data['error']['code']})" if "error" in event.data else look.label


def _actor(actor: str | None) -> str:
    kind, _, _ = (actor or "").partition(":")
    return {"user": "a person", "worker": "a worker", "sweep": "the sweep for lost jobs"}.get(kind, "the database")
