"""Waiting: why jobs wait, what they need, what is paused, how long jobs take."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.estimates import Ahead, Sample
from scriptjobs.jobs import JobStatus, Prerequisite, Waiting

# The claim's own predicate: see migrations/sql/0006 and 0007.
# What keeps a job is named to those alone who may see it: `seer` is their organisation, null for the service itself.
_WAITING = text(
    """
    select w.id, w.code, w.until, o.id as other_id, o.job_id as other_job_id, o.job_type::text as other_type, w.note,
           w.place, w.slots
    from public.script_jobs_waiting(:ids, :share) w
    left join public.script_jobs o
        on o.id = w.other_id and (cast(:seer as uuid) is null or o.organisation_id = cast(:seer as uuid))
    """
)
_FULL = text("select public.script_jobs_full(:organisation_id, :share, :total)")
_NEED = text(
    """
    insert into public.script_job_prerequisites (job_id, needs_id)
    select :id, n.id from public.script_jobs n where n.id = any (:needs)
    """
)
_PREREQUISITES = text(
    """
    select n.job_id, n.job_type::text, n.status::text, p.waived_at is not null as waived
    from public.script_job_prerequisites p
    left join public.script_jobs n
        on n.id = p.needs_id and (cast(:seer as uuid) is null or n.organisation_id = cast(:seer as uuid))
    where p.job_id = :id
    order by n.created_at, n.id
    """
)
# One operator at the command line at a time; of two, the later one's reason stands.
_PAUSE = text(
    """
    insert into public.script_job_pauses (scope, reason, paused_by) values (:scope, :reason, :paused_by)
    on conflict (scope) do update set reason = excluded.reason, paused_by = excluded.paused_by, paused_at = now()
    """
)
_RESUME = text("delete from public.script_job_pauses where scope = :scope")
# Only while it waits: of this and a claim at the same moment, the later one finds what the other has done.
_SET_PRIORITY = text(
    """
    update public.script_jobs set priority = :priority
    where (job_id = :name or id = :id) and status in ('pending', 'queued')
    """
)
_TELL_WORKERS = text("select pg_notify('script_jobs_ready', '')")


async def read_waiting(
    connection: AsyncConnection, ids: list[UUID], share: int, seer: UUID | None = None
) -> dict[UUID, Waiting]:
    """Why each of these jobs waits; those that don't wait, or that the caller may not see, are missing. Of the jobs
    that keep them waiting, only those of the organisation `seer` are named; without it, all that the connection may
    see.
    """
    rows = (await connection.execute(_WAITING, {"ids": ids, "share": share, "seer": seer})).mappings()
    return {row["id"]: Waiting(**row) for row in rows}


async def find_full(connection: AsyncConnection, organisation_id: UUID, share: int, total: int) -> str | None:
    """Which limit of waiting jobs is reached: `organisation` (`share` jobs), `total`, or None."""
    values = {"organisation_id": organisation_id, "share": share, "total": total}
    return (await connection.execute(_FULL, values)).scalar_one()


async def add_prerequisites(connection: AsyncConnection, id_: UUID, needs: list[UUID]) -> None:
    """Let a new job wait until these have completed. The database refuses a cycle."""
    await connection.execute(_NEED, {"id": id_, "needs": needs})


async def list_prerequisites(
    connection: AsyncConnection, id_: UUID, seer: UUID | None = None
) -> tuple[list[Prerequisite], int]:
    """What a job needs, the oldest first; and how many more it needs that the organisation `seer` may not see."""
    rows = (await connection.execute(_PREREQUISITES, {"id": id_, "seer": seer})).mappings().all()
    seen = [
        Prerequisite(
            job_id=row["job_id"], job_type=row["job_type"], status=JobStatus(row["status"]), waived=row["waived"]
        )
        for row in rows
        if row["job_id"]
    ]
    return seen, len(rows) - len(seen)


async def pause(connection: AsyncConnection, scope: str, *, reason: str, paused_by: str) -> None:
    """Let no job of the type `scope`, or with `*` none at all, begin."""
    await connection.execute(_PAUSE, {"scope": scope, "reason": reason, "paused_by": paused_by})


async def resume(connection: AsyncConnection, scope: str) -> bool:
    """Undo `pause`; the workers are told. Returns whether it was paused."""
    resumed = (await connection.execute(_RESUME, {"scope": scope})).rowcount > 0
    await connection.execute(_TELL_WORKERS)
    return resumed


async def set_priority(connection: AsyncConnection, job: str | UUID, priority: int) -> bool:
    """Move a waiting job forward or back in the line. Returns whether it was waiting."""
    values = {"name": str(job), "id": job if isinstance(job, UUID) else None, "priority": priority}
    return (await connection.execute(_SET_PRIORITY, values)).rowcount > 0


# What past jobs say: see migrations/sql/0010.
_SAMPLES = text("select duration_ms, size from public.script_jobs_samples(:job_type)")
_AHEAD = text("select job_type, size, ran_ms from public.script_jobs_ahead(:share, :before)")


async def read_samples(connection: AsyncConnection, job_type: str) -> list[Sample]:
    """Up to 200 newest completed jobs of a type."""
    rows = await connection.execute(_SAMPLES, {"job_type": job_type})
    return [Sample(row.duration_ms, row.size) for row in rows]


async def read_ahead(connection: AsyncConnection, *, before: int, share: int) -> list[Ahead]:
    """What runs, and the first `before` jobs of the line."""
    rows = await connection.execute(_AHEAD, {"before": before, "share": share})
    return [Ahead(row.job_type, row.size, row.ran_ms) for row in rows]
