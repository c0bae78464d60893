"""The event table: read what is newer than an id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event of a job. `kind` is one of status, step, progress, log, screenshot, result, stop, action."""

    id: int
    attempt: int
    kind: str
    data: dict[str, Any]
    actor: str | None
    created_at: datetime


# Within one job ids grow in commit order (see migrations/sql/0003), so "newer than the last one seen" misses nothing.
_AFTER = text(
    """
    select id, attempt, kind, data, actor, created_at
    from public.script_job_events
    where job_id = :id and id > :after
    order by id
    limit :limit
    """
)
# The newest lines of one attempt's log, oldest first. Up to a given event: lines may be appended between two reads.
_TAIL = text(
    """
    select id, attempt, kind, data, actor, created_at
    from (
        select * from public.script_job_events
        where job_id = :id and id <= :until and attempt = :attempt and kind = 'log'
        order by id desc
        limit :limit
    ) as newest
    order by id
    """
)
_HISTORY = text(
    """
    select id, attempt, kind, data, actor, created_at
    from public.script_job_events
    where job_id = :id and kind in ('status', 'stop', 'action')
    order by id desc
    limit 50
    """
)
_LAST = text("select coalesce(max(id), 0) from public.script_job_events where job_id = :id")


async def read_events(connection: AsyncConnection, id_: UUID, *, after: int, limit: int = 500) -> list[JobEvent]:
    """Up to `limit` events newer than `after`, oldest first."""
    rows = (await connection.execute(_AFTER, {"id": id_, "after": after, "limit": limit})).mappings()
    return [JobEvent(**row) for row in rows]


async def read_log(connection: AsyncConnection, id_: UUID, *, attempt: int, until: int, limit: int) -> list[JobEvent]:
    """The last `limit` lines of an attempt's log up to the event `until`, oldest first."""
    values = {"id": id_, "attempt": attempt, "until": until, "limit": limit}
    rows = (await connection.execute(_TAIL, values)).mappings()
    return [JobEvent(**row) for row in rows]


async def read_history(connection: AsyncConnection, id_: UUID) -> list[JobEvent]:
    """The last 50 moves of a job, newest first."""
    return [JobEvent(**row) for row in (await connection.execute(_HISTORY, {"id": id_})).mappings()]


async def last_event_id(connection: AsyncConnection, id_: UUID) -> int:
    """The id of the newest event of a job; 0 when there is none."""
    return (await connection.execute(_LAST, {"id": id_})).scalar_one()
