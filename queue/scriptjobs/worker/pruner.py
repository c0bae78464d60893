"""Deletes what is old: ended jobs with their files, forgotten requests, workers long dead."""

import structlog

from scriptjobs.database import Database
from scriptjobs.files import Files
from scriptjobs.jobs import REST_DAYS, SECRETS_DAYS
from scriptjobs.store.maintenance import delete_job, erase_old_secrets, forget_requests, lock_old_jobs, try_lock
from scriptjobs.store.sessions import forget_ended
from scriptjobs.store.uploads import delete_upload, lock_unused_uploads
from scriptjobs.store.workers import forget_dead_workers

# Small enough that a batch holds its locks for a moment only.
BATCH = 500
REQUESTS_KEPT_S = 24 * 3_600.0
# Somebody may still be filling in the form that a file was uploaded for.
UNUSED_KEPT_S = 24 * 3_600.0

log = structlog.get_logger()


async def cleanup_old_jobs(database: Database, files: Files, days: int = 30, batch: int = BATCH) -> int:
    """Delete jobs created more than `days` days ago, in batches. Returns how many."""
    deleted = 0
    while taken := await _delete_batch(database, files, days, batch):
        deleted += taken
    if deleted:
        log.info("old_jobs_deleted", jobs=deleted, days=days)
    return deleted


async def _delete_batch(database: Database, files: Files, days: int, batch: int) -> int:
    """Files go first: when that is broken off, the next run finds the rows still there and goes on. Each job has a
    statement of its own, since the server ends a session that waits too long for a storage (see database.py).
    """
    async with database.as_service("sweep:old") as connection:
        if not await try_lock(connection, "old"):
            return 0
        old = await lock_old_jobs(connection, days=days, rest_days=REST_DAYS, limit=batch)
        for id_ in old:
            await files.delete_all(f"{id_}/")
            await delete_job(connection, id_)
        return len(old)


async def cleanup_unused_uploads(database: Database, files: Files, batch: int = BATCH) -> int:
    """Delete uploaded files that no job names any more, or never did. Returns how many."""
    deleted = 0
    while True:
        async with database.as_service("sweep:uploads") as connection:
            if not await try_lock(connection, "uploads"):
                return deleted
            unused = await lock_unused_uploads(connection, age_s=UNUSED_KEPT_S, limit=batch)
            for upload in unused:
                await files.delete(upload.storage_key)
                await delete_upload(connection, upload.id)
            deleted += len(unused)
            if len(unused) < batch:
                return deleted


async def cleanup_old_secrets(database: Database, days: int = SECRETS_DAYS, batch: int = BATCH) -> int:
    """Erase the secrets of jobs that ended `days` days ago without completing. Returns how many jobs."""
    erased = 0
    while True:
        async with database.as_service("sweep:secrets") as connection:
            if not await try_lock(connection, "secrets"):
                return erased
            taken = await erase_old_secrets(connection, age_s=days * 24 * 3_600.0, limit=batch)
        erased += taken
        if taken < batch:
            return erased


async def forget_the_past(database: Database) -> None:
    """Forget requests of yesterday, workers that died days ago, and sessions, tokens and links whose time is over."""
    async with database.as_service("sweep:old") as connection:
        if not await try_lock(connection, "past"):
            return
        while await forget_requests(connection, REQUESTS_KEPT_S):
            pass
        await forget_dead_workers(connection)
        await forget_ended(connection)
