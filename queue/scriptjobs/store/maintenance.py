"""Maintenance: what the sweeps lock, find and delete."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Whoever holds it sweeps, the others don't. It belongs to the transaction, so it ends with its holder's connection.
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('script_jobs sweep ' || :name, 0))")

# Rule D17 of the product page: old enough, and ended a while ago, so that a job that was scheduled or tried again late
# can still be read. What a waiting job needs stays as long as that one waits. The holder of the sweep's lock is alone,
# and `for update skip locked` leaves a job alone that somebody is retrying at this moment.
_OLD = text(
    """
    select j.id
    from public.script_jobs j
    where j.status in ('completed', 'failed', 'cancelled', 'timed_out') and not j.keep
      and j.created_at < now() - make_interval(days => :days)
      and j.completed_at < now() - make_interval(days => :rest_days)
      and not exists (
          select from public.script_job_prerequisites p join public.script_jobs w on w.id = p.job_id
          where p.needs_id = j.id and w.status in ('pending', 'queued', 'in_progress'))
    order by j.created_at
    limit :limit
    for update of j skip locked
    """
)
_UNLINK = text("delete from public.script_job_prerequisites where needs_id = :id")
_DELETE = text("delete from public.script_jobs where id = :id")
_FORGET_REQUESTS = text(
    """
    delete from public.script_job_requests
    where ctid = any (array(select ctid from public.script_job_requests
                            where created_at < now() - make_interval(secs => :age_s) limit 500))
    """
)


# Rows that somebody is retrying at this moment are skipped (migrations/sql/0018).
_ERASE = text("select public.script_jobs_erase_old_secrets(:age_s, :most)")


async def erase_old_secrets(connection: AsyncConnection, *, age_s: float, limit: int) -> int:
    """Erase the secrets of up to `limit` jobs that ended more than `age_s` seconds ago without completing."""
    return (await connection.execute(_ERASE, {"age_s": age_s, "most": limit})).scalar_one()


async def try_lock(connection: AsyncConnection, name: str) -> bool:
    """Take the lock of the sweep `name` until the transaction ends; False when another worker has it."""
    return (await connection.execute(_LOCK, {"name": name})).scalar_one()


async def lock_old_jobs(connection: AsyncConnection, *, days: int, rest_days: int, limit: int) -> list[UUID]:
    """Up to `limit` ended jobs, created more than `days` and ended more than `rest_days` days ago, locked."""
    values = {"days": days, "rest_days": rest_days, "limit": limit}
    return list((await connection.execute(_OLD, values)).scalars())


async def delete_job(connection: AsyncConnection, id_: UUID) -> None:
    """Delete a job with all that belongs to it."""
    await connection.execute(_UNLINK, {"id": id_})
    await connection.execute(_DELETE, {"id": id_})


async def forget_requests(connection: AsyncConnection, age_s: float) -> int:
    """Forget up to 500 answers to idempotent requests older than `age_s` seconds. Returns how many."""
    return (await connection.execute(_FORGET_REQUESTS, {"age_s": age_s})).rowcount
