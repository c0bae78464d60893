"""Rescues jobs whose worker fell silent, or lets them run beyond their time."""

import structlog

from scriptjobs.database import Connection, Database
from scriptjobs.jobs import JobStatus
from scriptjobs.store.leases import LapsedJob, lock_lapsed, lock_stalled
from scriptjobs.store.maintenance import try_lock
from scriptjobs.store.outcomes import FailedAttempt, mark_job_failed

# Pain 3 of the product page: a job that takes its worker down with it is not handed to a third one.
DEATHS_ALLOWED = 2
# Before a job ends for that, its worker gets so long to come back: one that was cut off, or stood still, has not died.
COMES_BACK_S = 60.0

log = structlog.get_logger()


# The worker ends a script at its time and needs moments for that; one that has not after a minute is not going to.
STALLED_GRACE_S = 60.0


async def recover_orphaned_jobs(database: Database, worker_id: str) -> int:
    """Give jobs with a lapsed lease their next try, or end them. Returns how many."""
    async with database.as_service(f"sweep:{worker_id}") as connection:
        lapsed = await lock_lapsed(connection) if await try_lock(connection, "orphaned") else []
        for job in lapsed:
            await _rescue(connection, job)
    return len(lapsed)


async def cleanup_stalled_jobs(database: Database, worker_id: str, grace_s: float = STALLED_GRACE_S) -> int:
    """The same for jobs `grace_s` seconds beyond their time whose worker still says that it lives. It finds its fence
    lost, and ends what it runs. Returns how many.
    """
    async with database.as_service(f"sweep:{worker_id}") as connection:
        stalled = await lock_stalled(connection, grace_s) if await try_lock(connection, "stalled") else []
        for job in stalled:
            await _rescue(connection, job)
    return len(stalled)


async def _rescue(connection: Connection, job: LapsedJob) -> None:
    if _is_fatal(job) and job.silent_s < COMES_BACK_S:
        return
    status = await mark_job_failed(connection, id_=job.id, fence=job.fence, failed=_verdict(job))
    log.warning("job_orphaned", jobId=job.job_id, workerId=job.worker_id, deaths=job.deaths, status=status.value)


def _is_fatal(job: LapsedJob) -> bool:
    return job.deaths >= DEATHS_ALLOWED and not job.is_overdue


def _verdict(job: LapsedJob) -> FailedAttempt:
    if job.is_overdue:
        said = "It ran longer than this job may, and its worker did not end it."
        return FailedAttempt(code="TIMEOUT", message=said, retryable=True, outcome="lost", final=JobStatus.TIMED_OUT)
    if _is_fatal(job):
        said = f"Its worker stopped {job.deaths} times while running this job, so it is not tried again by itself."
        return FailedAttempt(code="WORKER_DIED", message=said, retryable=False, outcome="lost")
    said = "Our machine stopped in the middle of the job. This has nothing to do with your input."
    return FailedAttempt(code="WORKER_DIED", message=said, retryable=True, is_ours=True, outcome="lost")
