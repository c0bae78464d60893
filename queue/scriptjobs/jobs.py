"""What a job is: its record, its states and the table of legal moves, its back-off. Pure: no input or output."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from scriptjobs.estimates import Estimate

# The stages of a payload are types, so that a signature says where secrets are open.
RawPayload = NewType("RawPayload", dict[str, Any])  # as the caller sent it
SealedPayload = NewType("SealedPayload", dict[str, Any])  # validated, secrets sealed: what the database holds
OpenPayload = NewType("OpenPayload", dict[str, Any])  # secrets readable: only between worker and script

DEFAULT_MAX_RETRIES = 3
DEFAULT_RETRY_DELAY_MS = 5_000
MAX_PRIORITY = 1_000
MIN_PRIORITY = -1_000
# Rule D17 of the product page: an ended job can be read for a week at least, however late it ran.
REST_DAYS = 7
# A job that failed may be retried so long with the password that it was started with; then that is erased.
SECRETS_DAYS = 7


class JobStatus(StrEnum):
    """The seven stored states; everything finer is derived."""

    PENDING = "pending"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens without a person."""
        return self in TERMINAL

    @property
    def is_waiting(self) -> bool:
        """Whether a worker may claim the job."""
        return self in WAITING


WAITING = frozenset({JobStatus.PENDING, JobStatus.QUEUED})
TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMED_OUT})
RETRYABLE_BY_HAND = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMED_OUT})

# The same table is a trigger in the database (migrations/sql/0002_script_jobs.up.sql); a test compares them.
LEGAL_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.CANCELLED}),
    JobStatus.QUEUED: frozenset({JobStatus.PENDING, JobStatus.IN_PROGRESS, JobStatus.CANCELLED}),
    JobStatus.IN_PROGRESS: frozenset(
        {JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMED_OUT}
    ),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.PENDING}),
    JobStatus.CANCELLED: frozenset({JobStatus.PENDING}),
    JobStatus.TIMED_OUT: frozenset({JobStatus.PENDING}),
}


def retry_delay_ms(base_ms: int, retries_used: int) -> int:
    """How long to wait before the next try: doubles each time (spec/service.md, Retry: 5, 10, 20 s)."""
    return base_ms * 2**retries_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as people may see it: the row without its payload. Times are aware, in UTC."""

    id: UUID
    job_id: str
    job_type: str
    status: JobStatus
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    retry_count: int
    max_retries: int
    retry_delay_ms: int
    next_retry_at: datetime | None
    progress_percent: int | None
    progress_message: str | None
    current_step: int | None
    total_steps: int | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    timeout_at: datetime | None
    timeout_ms: int
    attempt_count: int
    worker_id: str | None
    organisation_id: UUID | None
    restaurant_id: UUID | None
    created_by: UUID | None
    priority: int
    metadata: dict[str, Any]
    restaurant_name: str | None
    run_at: datetime | None
    stop_requested_at: datetime | None
    stop_stage: str | None
    checkpoint_step: int | None
    resumed_step: int | None
    keep: bool
    payload_size: int | None
    lacks_secrets: bool
    # What the service finds out beside the row.
    waiting: "Waiting | None" = None
    expected: Estimate | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether somebody insisted on its end and it still runs."""
        return self.status is JobStatus.IN_PROGRESS and self.stop_requested_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job in the hands of a worker. `fence` proves it: every write of the worker carries it."""

    id: UUID
    job_id: str
    job_type: str
    payload: SealedPayload
    fence: int
    attempt: int
    timeout_ms: int
    organisation_id: UUID | None
    checkpoints: dict[str, Any] = field(default_factory=dict[str, Any])


class StepState(StrEnum):
    """What became of a step."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of one attempt; `position` counts from 1."""

    attempt: int
    position: int
    title: str
    state: StepState
    started_at: datetime
    duration_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a job waits: one of the twelve codes, from the claim's own predicate (migrations/sql/0007).

    `until` is when that ends, where it is known (NO_WORKER: when the last worker was heard; PAUSED: since when).
    `other_*` name the job whose doing it is, when the caller may see it. `place` counts from 1 and is None behind the
    first hundred. `slots` is how many jobs may run at once.
    """

    id: UUID
    code: str
    until: datetime | None
    other_id: UUID | None
    other_job_id: str | None
    other_type: str | None
    note: str | None
    place: int | None
    slots: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """A job that must complete before another one runs; `waived` when somebody said to run anyway."""

    job_id: str
    job_type: str
    status: JobStatus
    waived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A worker as it told of itself, and what it runs now."""

    id: str
    host: str
    pid: int
    version: str
    slots: int
    started_at: datetime
    heartbeat_at: datetime
    is_alive: bool
    is_stopping: bool
    jobs: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a job, as it ended or still runs."""

    number: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error_code: str | None
    error_message: str | None
    resumed_step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """One file that an attempt left: a picture of a step, or evidence of a failure. `size` in bytes."""

    id: UUID
    attempt: int
    step: int | None
    name: str
    media_type: str
    size: int
    storage_key: str

    @property
    def is_evidence(self) -> bool:
        """Whether it was kept for whoever looks into a failure; all others are pictures of steps."""
        return not self.name[:3].isdigit()
