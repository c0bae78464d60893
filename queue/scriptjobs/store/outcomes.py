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
# (worker, rescue, a second worker) exactly one finds the job in progress under its own attempt. The status is compared
# as text, so that the primary key is taken and no partial index of running jobs, full of ended ones between vacuums.

# The guarded move and all that belongs to it (migrations/sql/0009): a transaction in itself.
_COMPLETE = text("select public.script_jobs_complete(:id, :fence, :actor, :result, :payload)").bindparams(
    bindparam("result", type_=JSONB), bindparam("payload", type_=JSONB)
)

# spec/service.md, Retry: with retries left the job waits retry_delay_ms · 2^retry_count, else it is final. A job that
# somebody insisted on stopping is not tried again, whatever its attempt died of. Trouble of ours uses up no retry: the
# job starts again at once, and when it meets trouble again and again, after pauses that grow to five minutes.
_FAIL = text(
    """
    with verdict as (
        select id, stop_requested_at is not null as stopped,
               :retryable and (:is_ours or retry_count < max_retries) and stop_requested_at is null as again,
               (select count(*) from public.script_job_attempts
                where job_id = :id and error_code = 'WORKER_DIED') as troubles
        from public.script_jobs
        where id = :id and attempt_id = :fence and status::text = 'in_progress'
        for no key update
    )
    update public.script_jobs j
    set status = case when v.stopped then 'cancelled' when v.again then 'pending'
                      else cast(:final as text) end::public.script_job_status,
        next_retry_at = case
            when v.again and not :is_ours
                then now() + make_interval(secs => retry_delay_ms * power(2, retry_count) / 1000.0)
            when v.again and v.troubles > 0
                then now() + make_interval(secs => least(300, power(2, least(v.troubles, 9)))) end,
        retry_count = retry_count + (v.again and not :is_ours)::integer,
        error_code = case when not v.stopped then :code end,
        error_message = case when not v.stopped then :message end,
        error_stack = case when not v.stopped then :stack end
    from verdict v
    where j.id = v.id
    returning j.status::text
    """
)
# The first hand-backs cost nothing. One that is handed back again and again may be what stops its workers, so from then
# on each counts as a retry.
_RELEASE = text(
    """
    with verdict as (
        select id, stop_requested_at is not null as stopped,
               (select count(*) from public.script_job_attempts
                where job_id = :id and outcome = 'released' and error_code is null) >= :free_releases as counts,
               retry_count >= max_retries as spent
        from public.script_jobs
        where id = :id and attempt_id = :fence and status::text = 'in_progress'
        for no key update
    )
    update public.script_jobs j
    set status = case when v.stopped then 'cancelled' when v.counts and v.spent then 'failed'
                      else 'pending' end::public.script_job_status,
        retry_count = retry_count + (v.counts and not v.spent)::integer,
        error_code = case when v.counts and v.spent and not v.stopped then 'WORKER_DIED' end,
        error_message = case when v.counts and v.spent and not v.stopped then cast(:message as text) end,
        progress_percent = 0, progress_message = null, current_step = 0
    from verdict v
    where j.id = v.id
    returning j.status::text
    """
)
# Two statements, in one transaction: the first takes the row's lock and says the last stage, the second moves the job.
_STAGE = text(
    """
    update public.script_jobs
    set stop_stage = :stage
    where id = :id and attempt_id = :fence and status::text = 'in_progress'
    returning id
    """
)
_SAY_STAGE = text("select public.script_jobs_say(:id, 'stop', jsonb_build_object('stage', cast(:stage as text)))")
_MOVE = text(
    """
    update public.script_jobs
    set status = cast(cast(:status as text) as public.script_job_status)
    where id = :id and attempt_id = :fence and status::text = 'in_progress'
    returning status::text
    """
)
_END_ATTEMPT = text(
    """
    update public.script_job_attempts
    set ended_at = now(), outcome = :outcome, error_code = :code, error_message = :message, error_stack = :stack
    where id = :fence and outcome is null
    """
)

# Pain 25 of the product page: a deploy is not the job's fault.
FREE_RELEASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """Why an attempt failed. `outcome` goes to the attempt, `final` to the job when no retry is left. `is_ours`: it was
    our own trouble, so that it uses up no retry.
    """

    code: str
    message: str
    stack: str | None = None
    retryable: bool = False
    is_ours: bool = False
    outcome: str = "failed"
    final: JobStatus = JobStatus.FAILED


async def update_job_result(
    connection: AsyncConnection, *, id_: UUID, fence: int, actor: str, result: dict[str, Any], payload: SealedPayload
) -> None:
    """Complete a job with its result; `payload` is what stays of the input, its secrets erased. `actor` is told with
    the move (`worker:<id>`).

    Raises:
        FenceLost: the job is no longer ours.
    """
    values = {"id": id_, "fence": fence, "actor": actor, "result": result, "payload": payload}
    if not (await connection.execute(_COMPLETE, values)).scalar_one():
        raise FenceLost


async def mark_job_failed(connection: AsyncConnection, *, id_: UUID, fence: int, failed: FailedAttempt) -> JobStatus:
    """Record a failed attempt; the job waits for its next try, or ends. Returns the job's new status.

    Raises:
        FenceLost: the job is no longer ours.
    """
    values = {
        "id": id_, "fence": fence, "code": failed.code, "message": failed.message, "stack": failed.stack,
        "retryable": failed.retryable, "is_ours": failed.is_ours, "final": failed.final.value,
    }  # fmt: skip
    moved = (await connection.execute(_FAIL, values)).scalar_one_or_none()
    if moved is None:
        raise FenceLost
    await _end_attempt(
        connection, fence, outcome=failed.outcome, code=failed.code, message=failed.message, stack=failed.stack
    )
    return JobStatus(moved)


async def release_job(connection: AsyncConnection, *, id_: UUID, fence: int) -> JobStatus:
    """Put a job back without using up a retry (the first three times). Being the oldest of its priority, it is the next
    one to be claimed. Returns the job's new status: cancelled, when somebody had asked to stop it.

    Raises:
        FenceLost: the job is no longer ours.
    """
    message = f"It was handed from worker to worker more than {FREE_RELEASES} times without coming to its end."
    values = {"id": id_, "fence": fence, "free_releases": FREE_RELEASES, "message": message}
    moved = (await connection.execute(_RELEASE, values)).scalar_one_or_none()
    if moved is None:
        raise FenceLost
    await _end_attempt(connection, fence, outcome="released")
    return JobStatus(moved)


async def update_job_status(connection: AsyncConnection, *, id_: UUID, fence: int, status: JobStatus) -> None:
    """Move a running job to a final status without result or error: cancelled, after its script was stopped.

    Raises:
        FenceLost: the job is no longer ours.
    """
    await update_stop_stage(connection, id_=id_, fence=fence, stage="ended")
    await connection.execute(_MOVE, {"id": id_, "fence": fence, "status": status.value})
    await _end_attempt(connection, fence, outcome=status.value)


async def update_stop_stage(connection: AsyncConnection, *, id_: UUID, fence: int, stage: str) -> None:
    """Say how far the stop has come.

    Raises:
        FenceLost: the job is no longer ours.
    """
    if (await connection.execute(_STAGE, {"id": id_, "fence": fence, "stage": stage})).first() is None:
        raise FenceLost
    await connection.execute(_SAY_STAGE, {"id": id_, "stage": stage})


async def _end_attempt(connection: AsyncConnection, fence: int, *, outcome: str, **error: str | None) -> None:
    values = {"code": None, "message": None, "stack": None, **error}
    await connection.execute(_END_ATTEMPT, {"fence": fence, "outcome": outcome, **values})
