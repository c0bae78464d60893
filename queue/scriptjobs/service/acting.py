"""Acting: what people do with a job that exists. Of two who act at once, the second is told what is true now."""

import structlog

from scriptjobs.database import Connection
from scriptjobs.errors import (
    AlreadyCompleted,
    CannotCancel,
    Forbidden,
    NotRetryable,
    NotRunning,
    NotWaiting,
    SecretsErased,
)
from scriptjobs.jobs import RETRYABLE_BY_HAND, Job, JobStatus
from scriptjobs.service.launching import Launching, duplicate
from scriptjobs.service.reading import Caller
from scriptjobs.store import actions, events, jobs
from scriptjobs.store.creation import find_active_beside
from scriptjobs.store.waiting import list_prerequisites

log = structlog.get_logger()


class Acting(Launching):
    """The part of ScriptJobService that changes jobs."""

    async def cancel_job(self, caller: Caller, job_id: str) -> Job:
        """Cancel a waiting job. Who cancelled it and asks again (the first answer got lost) is answered as before.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            CannotCancel: it runs already (`currentStatus`); it can be stopped.
            AlreadyCompleted: it has ended (`currentStatus`).
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            outcome, status = await actions.cancel_job(connection, job.id)
            after = await self._find(connection, caller, job_id)
            history = await events.read_history(connection, job.id)
        if outcome == "cancelled":
            log.info("job_cancelled", jobId=job.job_id, jobType=job.job_type)
        elif status == JobStatus.IN_PROGRESS:
            raise CannotCancel(currentStatus=status, jobId=job.job_id)
        elif status != JobStatus.CANCELLED or _last_mover(history) != f"user:{caller.user_id}":
            raise AlreadyCompleted(currentStatus=status)
        return after

    async def stop_job(self, caller: Caller, job_id: str, *, within: Connection | None = None) -> Job:
        """Ask for the end of a running job: its script is asked, then killed. Asking again changes nothing.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotRunning: it waits, or has ended by itself (`currentStatus`).
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            outcome, status = await actions.stop_job(connection, job.id)
            if outcome not in {"asked", "stopped"}:
                raise NotRunning(currentStatus=status, jobId=job.job_id)
            after = await self._find(connection, caller, job_id)
        log.info("job_stop_requested", jobId=job.job_id, jobType=job.job_type)
        return after

    async def retry_job(
        self, caller: Caller, job_id: str, *, from_start: bool = False, within: Connection | None = None
    ) -> Job:
        """Start an ended job again, with all its retries, from its last checkpoint or from the start. Its earlier
        attempts stay readable.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotRetryable: it has not failed, timed out or been cancelled (`currentStatus`).
            SecretsErased: it needs a password that was erased.
            DuplicateJob: another job is active for its restaurant by now.
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            outcome, status = await actions.retry_job(connection, job.id, from_start=from_start)
            if outcome == "duplicate" and (active := await find_active_beside(connection, job)):
                raise duplicate(active)
            if outcome == "erased":
                raise SecretsErased(currentStatus=job.status.value)
            if outcome != "retried":
                raise NotRetryable(currentStatus=status or job.status.value)
            after = await self._find(connection, caller, job_id)
        log.info("job_retry_requested", jobId=job.job_id, jobType=job.job_type)
        return after

    async def retry_blockers(self, caller: Caller, job_id: str) -> Job:
        """Start again what failed and keeps this job from running.

        Raises:
            NotWaiting: nothing that it needs has failed. And all that `retry_job` raises.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            needs, _ = await list_prerequisites(connection, job.id, caller.organisation_id)
        failed = [needed.job_id for needed in needs if needed.status in RETRYABLE_BY_HAND and not needed.waived]
        if not failed:
            raise NotWaiting("Nothing that this job needs has failed.", currentStatus=job.status.value)
        for name in failed:
            await self.retry_job(caller, name)
        return job

    async def run_job_now(self, caller: Caller, job_id: str, *, within: Connection | None = None) -> Job:
        """Let a waiting job wait no longer for its time, its next try, or prerequisites that failed for good.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotWaiting: it runs or has ended (`currentStatus`).
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            outcome, status = await actions.run_job_now(connection, job.id)
            if outcome != "released":
                raise NotWaiting(currentStatus=status)
            return await self._with_starts(connection, caller, await self._find(connection, caller, job_id))

    async def cancel_rest(self, caller: Caller, job_id: str, *, within: Connection | None = None) -> list[str]:
        """Cancel this job and all others that wait for what failed before it. Returns their human ids.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotWaiting: nothing that it needs has failed.
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            ended = await jobs.get_jobs(connection, await actions.cancel_rest(connection, job.id))
        cancelled = [other for other in ended if self._is_of(caller, other)]
        if not cancelled:
            raise NotWaiting("Nothing that this job needs has failed.", currentStatus=job.status.value)
        for other in cancelled:
            log.info("job_cancelled", jobId=other.job_id, jobType=other.job_type)
        return sorted(other.job_id for other in cancelled)

    async def erase_secrets(self, caller: Caller, job_id: str, *, within: Connection | None = None) -> Job:
        """Erase the secrets of a job that failed, timed out or was cancelled. It cannot be retried afterwards.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotRetryable: it waits, runs or has completed (`currentStatus`).
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            outcome, status = await actions.erase_secrets(connection, job.id)
            if outcome != "erased":
                said = "Secrets are erased when a job has failed, timed out or been cancelled."
                raise NotRetryable(said, currentStatus=status or job.status.value)
            after = await self._find(connection, caller, job_id)
        log.info("job_secrets_erased", jobId=job.job_id, jobType=job.job_type)
        return after

    async def keep_job(self, caller: Caller, job_id: str, *, kept: bool, within: Connection | None = None) -> Job:
        """Keep a job beyond its time, or let it go again.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
        """
        async with self._as(caller, within) as connection:
            job = await self._find(connection, caller, job_id)
            _must_act(caller)
            await actions.keep_job(connection, job.id, kept=kept)
            return await self._find(connection, caller, job_id)


def _must_act(caller: Caller) -> None:
    if not caller.may_act:
        raise Forbidden("A viewer can watch jobs but not change them.")


def _last_mover(history: list[events.JobEvent]) -> str | None:
    return next((event.actor for event in history if event.kind == "status"), None)
