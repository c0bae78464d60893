"""Leases: a worker renews its own; whoever sweeps takes jobs whose lease has lapsed."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.store.workers import Heartbeat

# A transaction in itself (migrations/sql/0014_renewal.up.sql).
_RENEW = text("select * from public.script_jobs_renew(:beat, :stopping, :lease_s, :fences)").bindparams(
    bindparam("beat", type_=JSONB)
)


async def renew_leases(
    connection: AsyncConnection, beat: Heartbeat, fences: list[int], *, lease_s: float, is_stopping: bool
) -> set[int]:
    """Say that a worker lives, and renew its attempts, for `lease_s` seconds. Returns those that are still its own."""
    values = {"beat": asdict(beat), "stopping": is_stopping, "lease_s": lease_s, "fences": fences}
    return set((await connection.execute(_RENEW, values)).scalars())


@dataclass(frozen=True, slots=True)
class LapsedJob:
    """A job whose worker fell silent. `deaths` counts its workers that did and were never heard of again, this one
    included: one that was cut off, or stood still with its machine, comes back, and one that stopped properly has
    removed its row. Each dies once, however often it lost the job before. `silent_s`: for how long (seconds) this one
    has been taken for dead.
    """

    id: UUID
    job_id: str
    fence: int
    worker_id: str
    deaths: int
    silent_s: float
    is_overdue: bool


# Both rows are locked with `skip locked`: a job that its worker is just finishing, or that another sweep is taking, is
# left alone, and nobody waits for a lock while holding another, so no deadlock can arise.
_TAKE = """
    select j.id, j.job_id, a.id as fence, a.worker_id,
           (exists (select from public.script_job_workers w
                    where w.id = a.worker_id and w.alive_until <= now()))::integer
           + (select count(distinct b.worker_id) from public.script_job_attempts b
              where b.job_id = j.id and b.outcome = 'lost' and b.worker_id <> a.worker_id
                and exists (select from public.script_job_workers w
                            where w.id = b.worker_id and w.heartbeat_at <= b.ended_at)) as deaths,
           coalesce((select extract(epoch from now() - w.alive_until) from public.script_job_workers w
                     where w.id = a.worker_id), 0)::float as silent_s,
           j.timeout_at < a.lease_expires_at - interval '1 minute' as is_overdue
    from public.script_job_attempts a
    join public.script_jobs j on j.id = a.job_id
    where a.ended_at is null and j.status = 'in_progress' and j.attempt_id = a.id and {condition}
    order by a.lease_expires_at
    limit 100
    for update of j, a skip locked
"""
_LAPSED = text(_TAKE.format(condition="a.lease_expires_at < now()"))
_STALLED = text(
    _TAKE.replace("j.timeout_at < a.lease_expires_at - interval '1 minute' as", "true as").format(
        condition="a.lease_expires_at > now() and j.timeout_at < now() - make_interval(secs => :grace_s)"
    )
)


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
