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
_LAPSED = text(
    """
    select j.id, j.job_id, a.id as fence, a.worker_id,
           1 + (select count(*) from public.script_job_attempts b
                where b.job_id = j.id and b.outcome = 'lost') as deaths,
           j.timeout_at < now() as is_overdue
    from public.script_job_attempts a
    join public.script_jobs j on j.id = a.job_id
    where a.ended_at is null and a.lease_expires_at < now() and j.status = 'in_progress' and j.attempt_id = a.id
    order by a.lease_expires_at
    limit 100
    for update of j, a skip locked
    """
)


async def lock_lapsed(connection: AsyncConnection) -> list[LapsedJob]:
    """Up to 100 running jobs whose lease has lapsed, locked until the transaction ends."""
    return [LapsedJob(**row) for row in (await connection.execute(_LAPSED)).mappings()]
