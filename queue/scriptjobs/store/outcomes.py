"""How an attempt ends: completed, failed or retried, timed out, released; each in one guarded move."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.errors import FenceLost
from scriptjobs.jobs import JobStatus, SealedPayload

# All of these lock the job's row first and the attempt's second, and all are guarded by the fence: of several actors
# (worker, rescue, a second worker) exactly one finds the job in progress under its own attempt.
_RESULT_EVENT = text(
    """
    insert into public.script_job_events (job_id, attempt, kind, data)
    select mine.id, mine.attempt_count, 'result', :result
    from (select id, attempt_count from public.script_jobs
          where id = :id and attempt_id = :fence and status = 'in_progress' for update) as mine
    returning job_id
    """
).bindparams(bindparam("result", type_=JSONB))
_COMPLETE = text(
    """
    update public.script_jobs
    set status = 'completed', result = :result, input_payload = :payload, progress_percent = 100,
        error_code = null, error_message = null, error_stack = null
    where id = :id and attempt_id = :fence and status = 'in_progress'
    returning status::text
    """
).bindparams(bindparam("result", type_=JSONB), bindparam("payload", type_=JSONB))

# spec/service.md, Retry: with retries left the job waits retry_delay_ms · 2^retry_count, else it is final.
_FAIL = text(
    """
    update public.script_jobs
    set status = case when :retryable and retry_count < max_retries then 'pending'
                      else cast(:final as text) end::public.script_job_status,
        next_retry_at = case when :retryable and retry_count < max_retries
                             then now() + make_interval(secs => retry_delay_ms * power(2, retry_count) / 1000.0) end,
        retry_count = retry_count + case when :retryable and retry_count < max_retries then 1 else 0 end,
        error_code = :code, error_message = :message, error_stack = :stack
    where id = :id and attempt_id = :fence and status = 'in_progress'
    returning status::text
    """
)
_RELEASE = text(
    """
    update public.script_jobs
    set status = 'pending', progress_percent = 0, progress_message = null, current_step = 0
    where id = :id and attempt_id = :fence and status = 'in_progress'
    returning status::text
    """
)
_END_ATTEMPT = text(
    """
    update public.script_job_attempts
    set ended_at = now(), outcome = :outcome, error_code = :code, error_message = :message, error_stack = :stack
    where id = :fence and ended_at is null
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """Why an attempt failed. `outcome` goes to the attempt, `final` to the job when no retry is left."""

    code: str
    message: str
    stack: str | None = None
    retryable: bool = False
    outcome: str = "failed"
    final: JobStatus = JobStatus.FAILED


async def complete_job(
    connection: AsyncConnection, *, id_: UUID, fence: int, result: dict[str, Any], payload: SealedPayload
) -> None:
    """Finish a job with its result; `payload` is what stays of the input, its secrets erased.

    Raises:
        FenceLost: the job is no longer ours.
    """
    told = await connection.execute(_RESULT_EVENT, {"id": id_, "fence": fence, "result": result})
    if told.first() is None:
        raise FenceLost
    await connection.execute(_COMPLETE, {"id": id_, "fence": fence, "result": result, "payload": payload})
    await _end_attempt(connection, fence, outcome="completed")


async def fail_job(connection: AsyncConnection, *, id_: UUID, fence: int, failed: FailedAttempt) -> JobStatus:
    """Record a failed attempt; the job waits for its next try, or ends. Returns the job's new status.

    Raises:
        FenceLost: the job is no longer ours.
    """
    values = {
        "id": id_, "fence": fence, "code": failed.code, "message": failed.message, "stack": failed.stack,
        "retryable": failed.retryable, "final": failed.final.value,
    }  # fmt: skip
    moved = (await connection.execute(_FAIL, values)).scalar_one_or_none()
    if moved is None:
        raise FenceLost
    await _end_attempt(
        connection, fence, outcome=failed.outcome, code=failed.code, message=failed.message, stack=failed.stack
    )
    return JobStatus(moved)


async def release_job(connection: AsyncConnection, *, id_: UUID, fence: int) -> None:
    """Put a job back without using up a retry. Being the oldest of its priority, it is the next one to be claimed.

    Raises:
        FenceLost: the job is no longer ours.
    """
    if (await connection.execute(_RELEASE, {"id": id_, "fence": fence})).first() is None:
        raise FenceLost
    await _end_attempt(connection, fence, outcome="released")


async def _end_attempt(connection: AsyncConnection, fence: int, *, outcome: str, **error: str | None) -> None:
    values = {"code": None, "message": None, "stack": None, **error}
    await connection.execute(_END_ATTEMPT, {"fence": fence, "outcome": outcome, **values})
