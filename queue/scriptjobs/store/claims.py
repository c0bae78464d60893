"""Claiming: a worker takes the next job, with a lease on it and a fence for every later write."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import ClaimedJob, SealedPayload

# Atomic across any number of workers: `for update skip locked` takes the first claimable row that nobody else is
# taking; a row that another transaction changed meanwhile is checked again after the lock and dropped when it no longer
# fits. The attempt is made in the same statement, and its unique index allows one open attempt for a job.
# The partial index script_jobs_queue yields the rows in claim order, so one claim reads one row, however long the
# queue or the history is.
_CLAIM = text(
    """
    with next as (
        select id, attempt_count + 1 as number
        from public.script_jobs
        where status in ('pending', 'queued')
          and (next_retry_at is null or next_retry_at <= now())
          and (run_at is null or run_at <= now())
          and job_type::text = any (:job_types)
        order by priority desc, created_at, id
        limit 1
        for update skip locked
    ), attempt as (
        insert into public.script_job_attempts (job_id, number, worker_id, lease_expires_at)
        select id, number, :worker_id, now() + make_interval(secs => :lease_s) from next
        returning id, job_id, number
    )
    update public.script_jobs j
    set status = 'in_progress', worker_id = :worker_id, attempt_id = attempt.id, attempt_count = attempt.number,
        next_retry_at = null, progress_percent = 0, progress_message = null, current_step = 0,
        error_code = null, error_message = null, error_stack = null
    from attempt
    where j.id = attempt.job_id
    returning j.id, j.job_id, j.job_type::text, j.input_payload as payload, attempt.id as fence,
              attempt.number as attempt, j.timeout_ms, j.organisation_id
    """
)

# Read in the claim's transaction: only an attempt that held the job before could have written them.
_CHECKPOINTS = text("select name, value from public.script_job_checkpoints where job_id = :id")


async def claim_next_job(
    connection: AsyncConnection, *, worker_id: str, lease_s: float, job_types: Sequence[str]
) -> ClaimedJob | None:
    """Take the next job that may run: highest priority first, then oldest. None when there is none.

    `lease_s` is how long (seconds) the job stays with this worker without a renewal.
    """
    values = {"worker_id": worker_id, "lease_s": lease_s, "job_types": list(job_types)}
    row = (await connection.execute(_CLAIM, values)).mappings().one_or_none()
    if row is None:
        return None
    claimed: dict[str, Any] = {**row}
    claimed["payload"] = SealedPayload(row["payload"])
    checkpoints = await _read_checkpoints(connection, row["id"]) if row["attempt"] > 1 else {}
    return ClaimedJob(**claimed, checkpoints=checkpoints)


async def _read_checkpoints(connection: AsyncConnection, id_: UUID) -> dict[str, Any]:
    return {row.name: row.value for row in await connection.execute(_CHECKPOINTS, {"id": id_})}
