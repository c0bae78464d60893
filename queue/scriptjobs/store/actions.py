"""Actions of people on a job: cancel, stop, retry, run now, cancel the rest, keep.

Each is a function of the database (migrations/sql/0004 and 0008) that checks the caller's right and says why it is safe
when worker, sweep and another person act at the same moment. The outcome tells who was first.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CANCEL = text("select outcome, status::text from public.script_jobs_cancel(:id)")
_STOP = text("select outcome, status::text from public.script_jobs_stop(:id)")
_RETRY = text("select outcome, status::text from public.script_jobs_retry(:id, :from_start)")
_RUN_NOW = text("select outcome, status::text from public.script_jobs_run_now(:id)")
_CANCEL_REST = text("select public.script_jobs_cancel_rest(:id)")
_ERASE_SECRETS = text("select outcome, status::text from public.script_jobs_erase_secrets(:id)")
_KEEP = text("select public.script_jobs_keep(:id, :kept)")

# ("refused" or the good outcome, the job's status); (None, None) without the right.
Outcome = tuple[str | None, str | None]


async def cancel_job(connection: AsyncConnection, id_: UUID) -> Outcome:
    """Cancel a waiting job: `cancelled`."""
    row = (await connection.execute(_CANCEL, {"id": id_})).one()
    return row[0], row[1]


async def stop_job(connection: AsyncConnection, id_: UUID) -> Outcome:
    """Ask for the end of a running job: `asked`; `stopped` when an earlier stop has ended it."""
    row = (await connection.execute(_STOP, {"id": id_})).one()
    return row[0], row[1]


async def retry_job(connection: AsyncConnection, id_: UUID, *, from_start: bool) -> Outcome:
    """Start an ended job again: `retried`; `duplicate` when another job is active for its restaurant; `erased` when it
    needs secrets that are gone.
    """
    row = (await connection.execute(_RETRY, {"id": id_, "from_start": from_start})).one()
    return row[0], row[1]


async def run_job_now(connection: AsyncConnection, id_: UUID) -> Outcome:
    """Wait no longer for a time, a next try, or what has failed for good: `released`."""
    row = (await connection.execute(_RUN_NOW, {"id": id_})).one()
    return row[0], row[1]


async def cancel_rest(connection: AsyncConnection, id_: UUID) -> list[str]:
    """Cancel all that waits for what failed before this job. Returns the human ids of what was cancelled."""
    return list((await connection.execute(_CANCEL_REST, {"id": id_})).scalars())


async def erase_secrets(connection: AsyncConnection, id_: UUID) -> Outcome:
    """Erase the secrets of a job that ended without completing: `erased`."""
    row = (await connection.execute(_ERASE_SECRETS, {"id": id_})).one()
    return row[0], row[1]


async def keep_job(connection: AsyncConnection, id_: UUID, *, kept: bool) -> bool:
    """Keep a job beyond its time, or let it go. Returns whether the caller may."""
    return (await connection.execute(_KEEP, {"id": id_, "kept": kept})).scalar_one()
