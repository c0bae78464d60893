"""Rescues jobs whose worker fell silent. Every worker does; whoever locks a job first does it once."""

import asyncio

import structlog

from scriptjobs.database import DATABASE_ERRORS, Connection, Database
from scriptjobs.jobs import JobStatus
from scriptjobs.store.leases import LapsedJob, lock_lapsed
from scriptjobs.store.outcomes import FailedAttempt, fail_job

# Pain 3 of the product page: a job that takes its worker down with it is not handed to a third one.
DEATHS_ALLOWED = 2

log = structlog.get_logger()


async def recover_orphaned_jobs(database: Database, worker_id: str) -> int:
    """Give jobs with a lapsed lease their next try, or end them. Returns how many."""
    async with database.as_service(f"sweep:{worker_id}") as connection:
        lapsed = await lock_lapsed(connection)
        for job in lapsed:
            await _rescue(connection, job)
    return len(lapsed)


async def _rescue(connection: Connection, job: LapsedJob) -> None:
    status = await fail_job(connection, id_=job.id, fence=job.fence, failed=_verdict(job))
    log.warning("job_orphaned", jobId=job.job_id, workerId=job.worker_id, deaths=job.deaths, status=status.value)


def _verdict(job: LapsedJob) -> FailedAttempt:
    if job.is_overdue:
        said = "It ran longer than this job may, and its worker stopped answering."
        return FailedAttempt(code="TIMEOUT", message=said, retryable=True, outcome="lost", final=JobStatus.TIMED_OUT)
    if job.deaths >= DEATHS_ALLOWED:
        said = f"Its worker stopped {job.deaths} times while running this job, so it is not tried again by itself."
        return FailedAttempt(code="WORKER_DIED", message=said, retryable=False, outcome="lost")
    said = "Our machine stopped in the middle of the job. This has nothing to do with your input."
    return FailedAttempt(code="WORKER_DIED", message=said, retryable=True, outcome="lost")


class Lifeline:
    """Looks for orphans regularly."""

    def __init__(self, database: Database, worker_id: str, lease_s: float) -> None:
        self._database = database
        self._worker_id = worker_id
        self._interval_s = lease_s / 4

    async def run(self) -> None:
        """Rescue until cancelled."""
        while True:
            try:
                await recover_orphaned_jobs(self._database, self._worker_id)
            except DATABASE_ERRORS as error:
                log.warning("rescue_delayed", reason=str(error)[:200])
            await asyncio.sleep(self._interval_s)
