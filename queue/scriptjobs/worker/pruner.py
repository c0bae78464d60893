"""Deletes what is old: ended jobs with their files, forgotten requests, workers long dead."""

import structlog

from scriptjobs.database import Database
from scriptjobs.files import Files
from scriptjobs.jobs import REST_DAYS
from scriptjobs.store.maintenance import delete_jobs, forget_requests, lock_old_jobs
from scriptjobs.store.workers import forget_dead_workers

# Small enough that a batch holds its locks for a moment only.
BATCH = 500
REQUESTS_KEPT_S = 24 * 3_600.0

log = structlog.get_logger()


async def cleanup_old_jobs(database: Database, files: Files, days: int = 30, batch: int = BATCH) -> int:
    """Delete jobs created more than `days` days ago, in batches. Returns how many.

    Files go first: when that is broken off, the next run finds the rows still there and goes on.
    """
    deleted = 0
    while True:
        async with database.as_service("sweep:old") as connection:
            old = await lock_old_jobs(connection, days=days, rest_days=REST_DAYS, limit=batch)
            for job in old:
                await files.delete_all(f"{job.id}/")
            await delete_jobs(connection, [job.id for job in old])
        deleted += len(old)
        if len(old) < batch:
            break
    if deleted:
        log.info("old_jobs_deleted", jobs=deleted, days=days)
    return deleted


async def forget_the_past(database: Database) -> None:
    """Forget requests of yesterday and workers that died days ago."""
    async with database.as_service("sweep:old") as connection:
        while await forget_requests(connection, REQUESTS_KEPT_S):
            pass
        await forget_dead_workers(connection)
