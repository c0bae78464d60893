"""Leases: a worker renews its own; whoever sweeps takes jobs whose lease has lapsed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A rescue sets `ended_at` under the row's lock, so a renewal that comes after it renews nothing and is told so; a
# rescue that waits behind a renewal checks the time again and leaves the attempt alone.
_RENEW = text(
    """
    update public.script_job_attempts
    set lease_expires_at = now() + make_interval(secs => :lease_s)
    where id = any (:fences) and ended_at is null
    returning id
    """
)


async def renew_leases(connection: AsyncConnection, fences: list[int], lease_s: float) -> set[int]:
    """Renew these attempts for `lease_s` seconds; returns those that are still ours."""
    rows = await connection.execute(_RENEW, {"fences": fences, "lease_s": lease_s})
    return set(rows.scalars())


@dataclass(frozen=True, slots=True)
class LapsedJob:
    """A job whose worker fell silent. `deaths` counts its workers that did, this one included."""

    id: UUID
    job_id: str
    fence: int
    worker_id: str
    deaths: int
    is_overdue: bool


# Both rows are locked with `skip locked`: a job that its worker is just finishing, or that another sweep is taking, is
# left alone, and nobody waits for a lock while holding another, so no deadlock can arise.
_TAKE = """
    select j.id, j.job_id, a.id as fence, a.worker_id,
           1 + (select count(*) from public.script_job_attempts b
                where b.job_id = j.id and b.outcome = 'lost') as deaths,
           j.timeout_at < now() as is_overdue
    from public.script_job_attempts a
    join public.script_jobs j on j.id = a.job_id
    where a.ended_at is null and j.status = 'in_progress' and j.attempt_id = a.id and {condition}
    order by a.lease_expires_at
    limit 100
    for update of j, a skip locked
"""
_LAPSED = text(_TAKE.format(condition="a.lease_expires_at < now()"))
_STALLED = text(_TAKE.format(condition="j.timeout_at < now() - make_interval(secs => :grace_s)"))


async def lock_lapsed(connection: AsyncConnection) -> list[LapsedJob]:
    """Up to 100 running jobs whose lease has lapsed, locked until the transaction ends."""
    return [LapsedJob(**row) for row in (await connection.execute(_LAPSED)).mappings()]


async def lock_stalled(connection: AsyncConnection, grace_s: float) -> list[LapsedJob]:
    """Up to 100 running jobs that are `grace_s` seconds beyond their time, locked until the transaction ends."""
    return [LapsedJob(**row) for row in (await connection.execute(_STALLED, {"grace_s": grace_s})).mappings()]


# Read by the worker that runs them; the index script_jobs_active holds its few jobs.
_STOPPED = text(
    """
    select attempt_id from public.script_jobs
    where worker_id = :worker_id and status = 'in_progress' and stop_requested_at is not null
    """
)


async def list_stopped(connection: AsyncConnection, worker_id: str) -> set[int]:
    """The fences of those of this worker's jobs that somebody asked to stop."""
    return set((await connection.execute(_STOPPED, {"worker_id": worker_id})).scalars())
