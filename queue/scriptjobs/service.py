"""ScriptJobService: what callers may do with jobs. One method is one decision and one transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from scriptjobs.database import Connection, Database
from scriptjobs.errors import AlreadyCompleted, CannotCancel, Forbidden, InvalidPayload, JobNotFound, NotRetryable
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import Attempt, Job, JobFile, JobStatus, RawPayload, Step
from scriptjobs.sealing import Vault, erase
from scriptjobs.store import events, jobs
from scriptjobs.store.events import JobEvent
from scriptjobs.store.jobs import COUNT_CAP, JobFilter, NewJob

__all__ = ["COUNT_CAP", "Caller", "JobDetails", "JobEvent", "JobFilter", "ScriptJobService"]

LOG_TAIL_LINES = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and for which organisation. `may_act` is false for viewers."""

    user_id: UUID
    organisation_id: UUID
    may_act: bool = True
    organisation_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """All that the job's page shows. `last_event_id` is where a stream goes on."""

    job: Job
    steps: list[Step]
    attempts: list[Attempt]
    files: list[JobFile]
    log: list[JobEvent]
    history: list[JobEvent]
    last_event_id: int


class ScriptJobService:
    """The callers' use cases. Where the other names of the service contract live:

    claim_next_job            store/claims.py
    update_job_progress       store/progress.py   record_report
    update_job_result         store/outcomes.py   complete_job
    mark_job_failed           store/outcomes.py   fail_job
    release_job               store/outcomes.py
    execute_job               worker/execution.py
    process_job_queue         worker/worker.py    Worker.run
    stop_processing           worker/worker.py    Worker.stop
    recover_orphaned_jobs     worker/lifeline.py
    classify_error            errors.py
    estimate_total_steps      job_types.py
    format_job_response       webapp/api/schemas.py
    """

    def __init__(
        self, *, database: Database, job_types: JobTypes, vault: Vault, files: Files, portal_hosts: tuple[str, ...]
    ) -> None:
        self._database = database
        self._vault = vault
        self._files = files
        self._portal_hosts = portal_hosts
        self.job_types = job_types

    async def create_job(
        self,
        caller: Caller,
        job_type: object,
        payload: RawPayload,
        *,
        priority: int = 0,
        metadata: dict[str, Any] | None = None,
        restaurant_id: UUID | None = None,
    ) -> Job:
        """Accept a job: validated, its secrets sealed, stored, the workers told.

        Raises:
            InvalidJobType: there is no such type.
            InvalidPayload: with every fault of the payload.
            Forbidden: the caller may only look.
        """
        kind = self.job_types.get(job_type)
        if not caller.may_act:
            raise Forbidden("A viewer can watch jobs but not start them.")
        checked = kind.validate(payload, self._portal_hosts)
        _must_be_storable({"payload": payload, "metadata": metadata})
        new = NewJob(
            job_type=kind.name,
            payload=self._vault.seal(checked),
            organisation_id=caller.organisation_id,
            created_by=caller.user_id,
            restaurant_id=restaurant_id,
            priority=priority,
            metadata=metadata or {},
            timeout_ms=kind.timeout_ms,
            max_retries=kind.max_retries,
            total_steps=kind.estimate_total_steps(),
        )
        async with self._database.as_caller(caller.user_id) as connection:
            if restaurant_id and not await jobs.owns_restaurant(connection, caller.organisation_id, restaurant_id):
                fault = {"path": "restaurantId", "message": "is no restaurant of this organisation"}
                raise InvalidPayload("There is no such restaurant.", fields=[fault])
            job = await jobs.insert_job(connection, new)
        log.info("job_created", jobId=job.job_id, jobType=job.job_type)
        return job

    async def get_job(self, caller: Caller, job_id: str) -> Job:
        """The job with this human id or UUID.

        Raises:
            JobNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            return await self._find(connection, caller, job_id)

    async def get_jobs(self, caller: Caller, job_ids: list[str]) -> list[Job]:
        """Those of these jobs that the caller may see, in the order asked for."""
        async with self._database.as_caller(caller.user_id) as connection:
            found = {job.job_id: job for job in await jobs.get_jobs(connection, job_ids)}
        return [found[job_id] for job_id in job_ids if job_id in found and self._is_of(caller, found[job_id])]

    async def get_details(self, caller: Caller, job_id: str) -> JobDetails:
        """The job with everything that its page shows.

        Raises:
            JobNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            return await self._details(connection, await self._find(connection, caller, job_id))

    async def get_input(self, caller: Caller, job_id: str, job_type: str) -> Mapping[str, Any]:
        """What a job was started with, its secrets erased.

        Raises:
            JobNotFound: there is none of this type that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            if job.job_type != job_type:
                raise JobNotFound
            return erase(await jobs.get_payload(connection, job.id))

    async def watch_details(self, job_id: str) -> JobDetails | None:
        """The same for a stream, which asked for the caller's right when it opened; None when the job is gone."""
        async with self._database.as_service() as connection:
            job = await jobs.get_job(connection, job_id)
            return await self._details(connection, job) if job else None

    async def watch_jobs(self, job_ids: list[str]) -> list[Job]:
        """Those of these jobs that still exist, for a stream as well."""
        async with self._database.as_service() as connection:
            return await jobs.get_jobs(connection, job_ids)

    async def read_events(self, caller: Caller, job: Job, after: int) -> list[JobEvent]:
        """Up to 500 events of the job that are newer than `after`."""
        async with self._database.as_caller(caller.user_id) as connection:
            return await events.read_events(connection, job.id, after=after)

    async def list_jobs(self, caller: Caller, wanted: JobFilter) -> tuple[list[Job], int]:
        """One page of jobs, and how many there are in all (at most COUNT_CAP + 1, which means "more than")."""
        async with self._database.as_caller(caller.user_id) as connection:
            return await jobs.list_jobs(connection, wanted), await jobs.count_jobs(connection, wanted)

    async def cancel_job(self, caller: Caller, job_id: str) -> Job:
        """Cancel a waiting job. Who cancelled it and asks again (the first answer got lost) is answered as before.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            CannotCancel: it runs already (`currentStatus`).
            AlreadyCompleted: it has ended (`currentStatus`).
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            self._must_act(caller)
            outcome, status = await jobs.cancel_job(connection, job.id)
            after = await self._find(connection, caller, job_id)
            history = await events.read_history(connection, job.id)
        if outcome == "cancelled":
            log.info("job_cancelled", jobId=job.job_id, jobType=job.job_type)
        elif status == JobStatus.IN_PROGRESS:
            raise CannotCancel(currentStatus=status)
        elif status != JobStatus.CANCELLED or history[0].actor != f"user:{caller.user_id}":
            raise AlreadyCompleted(currentStatus=status)
        return after

    async def retry_job(self, caller: Caller, job_id: str) -> Job:
        """Start an ended job again, with all its retries; its earlier attempts stay readable.

        Raises:
            JobNotFound, Forbidden: no such job, or a viewer asks.
            NotRetryable: it has not failed, timed out or been cancelled (`currentStatus`).
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            self._must_act(caller)
            outcome, status = await jobs.retry_job(connection, job.id)
            if outcome != "retried":
                raise NotRetryable(currentStatus=status)
            after = await self._find(connection, caller, job_id)
        log.info("job_retry_requested", jobId=job.job_id, jobType=job.job_type)
        return after

    async def get_file(self, caller: Caller, job_id: str, file_id: UUID) -> tuple[JobFile, bytes]:
        """A file of a job, with its content.

        Raises:
            JobNotFound: no such job or file.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            file = await jobs.get_file(connection, job.id, file_id)
        content = await self._files.get(file.storage_key) if file else None
        if file is None or content is None:
            raise JobNotFound("There is no such file.")
        return file, content

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        return await self._database.is_reachable()

    @staticmethod
    def _is_of(caller: Caller, job: Job) -> bool:
        return job.organisation_id == caller.organisation_id

    @staticmethod
    def _must_act(caller: Caller) -> None:
        if not caller.may_act:
            raise Forbidden("A viewer can watch jobs but not change them.")

    async def _find(self, connection: Connection, caller: Caller, job_id: str) -> Job:
        if job_id.startswith("JOB_"):
            job = await jobs.get_job(connection, job_id)
        else:
            id_ = _as_uuid(job_id)
            job = await jobs.get_job_by_uuid(connection, id_) if id_ else None
        if job is None or not self._is_of(caller, job):
            raise JobNotFound
        return job

    @staticmethod
    async def _details(connection: Connection, job: Job) -> JobDetails:
        # Read first: what happens from here on is for the stream to tell. A state may be told twice, a line may not.
        last = await events.last_event_id(connection, job.id)
        return JobDetails(
            job=job,
            last_event_id=last,
            steps=await jobs.list_steps(connection, job.id, job.attempt_count),
            attempts=await jobs.list_attempts(connection, job.id),
            files=await jobs.list_files(connection, job.id, job.attempt_count),
            log=await events.read_log(connection, job.id, attempt=job.attempt_count, until=last, limit=LOG_TAIL_LINES),
            history=await events.read_history(connection, job.id),
        )


def _must_be_storable(parts: dict[str, Any]) -> None:
    """Refuse what JSON text may hold and the database may not: NUL characters, half characters, numbers that are none.

    Raises:
        InvalidPayload: the part is named.
    """
    for name, part in parts.items():
        try:
            text = json.dumps(part, ensure_ascii=False, allow_nan=False)
            text.encode()
        except (ValueError, RecursionError):
            text = "\\u0000"
        if "\\u0000" in text:
            fault = {"path": name, "message": "holds a character or a number that cannot be stored"}
            raise InvalidPayload(f"The {name} cannot be stored.", fields=[fault])


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
