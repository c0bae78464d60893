"""Workers: each says regularly that it lives, with what it can do; nobody is told of it (no NOTIFY)."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import WorkerInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a worker says of itself. `slots` is how many jobs it runs at once."""

    id: str
    host: str
    pid: int
    version: str
    slots: int
    job_types: list[str]


_LEAVE = text("delete from public.script_job_workers where id = :id")
# One that stopped properly has removed its row; what is left died. A day is long enough to be asked about it.
_FORGET = text("delete from public.script_job_workers where alive_until < now() - interval '1 day'")
_LIST = text(
    """
    select w.id, w.host, w.pid, w.version, w.slots, w.started_at, w.heartbeat_at, w.alive_until > now() as is_alive,
           w.is_stopping,
           array(select j.job_id from public.script_jobs j
                 where j.worker_id = w.id and j.status = 'in_progress' order by j.started_at) as jobs
    from public.script_job_workers w
    order by w.started_at
    """
)


async def say_gone(connection: AsyncConnection, worker_id: str) -> None:
    """Remove a worker that has stopped."""
    await connection.execute(_LEAVE, {"id": worker_id})


async def forget_dead_workers(connection: AsyncConnection) -> int:
    """Remove workers that have been silent for a day. Returns how many."""
    return (await connection.execute(_FORGET)).rowcount


async def list_workers(connection: AsyncConnection) -> list[WorkerInfo]:
    """All workers that are known, the oldest first."""
    return [WorkerInfo(**row) for row in (await connection.execute(_LIST)).mappings()]
