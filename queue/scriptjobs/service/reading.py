"""Reading: jobs with their details, lists, files, all as the caller.

What a caller may see is decided here alone, for API, pages and live streams: the rows that row level security shows to
this person, of the one organisation that they ask for. Other jobs are counted where they matter, and never named.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scriptjobs import values
from scriptjobs.database import Connection, Database
from scriptjobs.errors import FileNotFound, JobNotFound
from scriptjobs.estimates import Estimate
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import REST_DAYS, Job, JobFile, WorkerInfo
from scriptjobs.sealing import Vault, erase
from scriptjobs.service.details import AttemptDetails, JobDetails
from scriptjobs.service.history import History
from scriptjobs.settings import Settings
from scriptjobs.store import events, jobs, workers
from scriptjobs.store.events import JobEvent
from scriptjobs.store.lists import JobFilter, JobList, count_jobs, list_jobs
from scriptjobs.store.waiting import list_prerequisites, read_waiting

LOG_TAIL_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and for which organisation. `may_act` is false for viewers; `priority_limit` is how far from 0 a
    priority may be.
    """

    user_id: UUID
    organisation_id: UUID
    may_act: bool = True
    priority_limit: int = 10
    organisation_name: str = ""
    email: str = ""


class Reading:
    """The part of ScriptJobService that reads."""

    def __init__(
        self, *, database: Database, job_types: JobTypes, vault: Vault, files: Files, settings: Settings
    ) -> None:
        self._database = database
        self._vault = vault
        self._files = files
        self._settings = settings
        self._history = History(job_types)
        self.job_types = job_types

    @asynccontextmanager
    async def _as(self, caller: Caller, within: Connection | None) -> AsyncGenerator[Connection]:
        """The caller's transaction: the one that an Idempotency-Key has opened, or a new one."""
        if within is not None:
            yield within
            return
        async with self._database.as_caller(caller.user_id) as connection:
            yield connection

    async def get_job(self, caller: Caller, job_id: str) -> Job:
        """The job with this human id or UUID.

        Raises:
            JobNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            return await self._with_starts(connection, caller, await self._find(connection, caller, job_id))

    async def get_job_by_uuid(self, caller: Caller, id_: UUID) -> Job:
        """The job with this UUID, as `get_job` gives it."""
        return await self.get_job(caller, str(id_))

    async def get_jobs(self, caller: Caller, job_ids: list[str]) -> list[Job]:
        """Those of these jobs that the caller may see, in the order asked for."""
        job_ids = [job_id for job_id in job_ids if values.JOB_ID.fullmatch(job_id)]
        async with self._database.as_caller(caller.user_id) as connection:
            told = await self._told(connection, caller, await jobs.get_jobs(connection, job_ids))
        found = {job.job_id: job for job in told}
        return [found[job_id] for job_id in job_ids if job_id in found and self._is_of(caller, found[job_id])]

    async def get_details(self, caller: Caller, job_id: str) -> JobDetails:
        """The job with everything that its page shows.

        Raises:
            JobNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            return await self._details(connection, caller, await self._find(connection, caller, job_id))

    async def get_attempt(self, caller: Caller, job_id: str, number: int) -> AttemptDetails:
        """One attempt of a job, with everything that it reported.

        Raises:
            JobNotFound: there is no such job that the caller may see, or it has no such attempt.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            attempts = {attempt.number: attempt for attempt in await jobs.list_attempts(connection, job.id)}
            if number not in attempts:
                raise JobNotFound("This job has no such try.")
            last = await events.last_event_id(connection, job.id)
            return AttemptDetails(
                job=job,
                attempt=attempts[number],
                steps=await jobs.list_steps(connection, job.id, number),
                files=await jobs.list_files(connection, job.id, number),
                log=await events.read_log(connection, job.id, attempt=number, until=last, limit=LOG_TAIL_LINES),
            )

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

    async def is_any_of(self, caller: Caller, ids: list[UUID]) -> bool:
        """Whether one of these jobs is of the caller's organisation: what a list asks before it looks again."""
        async with self._database.as_caller(caller.user_id) as connection:
            return await jobs.is_any_of(connection, ids, caller.organisation_id)

    async def read_events(self, caller: Caller, job: Job, after: int) -> list[JobEvent]:
        """Up to 500 events of the job that are newer than `after`."""
        async with self._database.as_caller(caller.user_id) as connection:
            return await events.read_events(connection, job.id, after=after)

    async def list_jobs(self, caller: Caller, wanted: JobFilter) -> JobList:
        """One page of jobs.

        Raises:
            InvalidJobType: the filter names a type that does not exist.
        """
        if wanted.job_type:
            self.job_types.get(wanted.job_type)
        async with self._database.as_caller(caller.user_id) as connection:
            # One job more than the page holds tells whether there is another page, however many there are.
            found = await list_jobs(connection, replace(wanted, limit=wanted.limit + 1))
            shown = await self._told(connection, caller, found[: wanted.limit])
            total = await count_jobs(connection, wanted)
        seen = wanted.offset + len(found) if found else 0
        return JobList(jobs=shown, total=max(total, seen), has_more=len(found) > wanted.limit)

    async def get_jobs_by_restaurant(self, caller: Caller, restaurant_id: UUID, limit: int = 20) -> list[Job]:
        """The newest jobs of a restaurant."""
        wanted = JobFilter(organisation_id=caller.organisation_id, restaurant_id=restaurant_id, limit=limit)
        return (await self.list_jobs(caller, wanted)).jobs

    async def get_pending_jobs(self, caller: Caller, limit: int = 20) -> list[Job]:
        """The jobs that wait, those with the highest priority first, then the oldest."""
        async with self._database.as_caller(caller.user_id) as connection:
            found = await jobs.list_pending(connection, caller.organisation_id, limit)
            return await self._told(connection, caller, found)

    async def get_retryable_jobs(self, caller: Caller, limit: int = 20) -> list[Job]:
        """The jobs that wait for their next try, the next one first."""
        async with self._database.as_caller(caller.user_id) as connection:
            found = await jobs.list_retryable(connection, caller.organisation_id, limit)
            return await self._told(connection, caller, found)

    async def estimate(self, job_type: str, size: int | None = None) -> Estimate:
        """How long a job of this type, with so many items, takes."""
        async with self._database.as_service() as connection:
            return await self._history.estimate(connection, job_type, size)

    async def estimates(self) -> dict[str, Estimate]:
        """The same for every type, by name, in one transaction."""
        async with self._database.as_service() as connection:
            return {name: await self._history.estimate(connection, name, None) for name in self.job_types.names}

    async def list_workers(self) -> list[WorkerInfo]:
        """All workers, with what they run; for the operator."""
        async with self._database.as_service() as connection:
            return await workers.list_workers(connection)

    async def list_files(self, caller: Caller, job_id: str) -> list[JobFile]:
        """All files that the tries of a job left, oldest first.

        Raises:
            JobNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            return await jobs.list_all_files(connection, job.id)

    async def get_file(self, caller: Caller, job_id: str, file_id: UUID) -> tuple[JobFile, bytes]:
        """A file of a job, with its content.

        Raises:
            JobNotFound, FileNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            job = await self._find(connection, caller, job_id)
            file = await jobs.get_file(connection, job.id, file_id)
        content = await self._files.get(file.storage_key) if file else None
        if file is None or content is None:
            raise FileNotFound
        return file, content

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        return await self._database.is_reachable()

    @staticmethod
    def _is_of(caller: Caller, job: Job) -> bool:
        return job.organisation_id == caller.organisation_id

    async def _find(self, connection: Connection, caller: Caller, job_id: str) -> Job:
        try:
            key = values.read_job_id(job_id)
        except ValueError:
            raise JobNotFound from None
        if isinstance(key, UUID):
            job = await jobs.get_job_by_uuid(connection, key)
        else:
            job = await jobs.get_job(connection, key)
        if job is None or not self._is_of(caller, job):
            raise JobNotFound
        return job

    async def _told(self, connection: Connection, caller: Caller, found: list[Job]) -> list[Job]:
        """The jobs, each with why it waits and how long it takes: one more query, and none when all have ended."""
        waiting = [job.id for job in found if job.status.is_waiting]
        share, seer = self._settings.organisation_share, caller.organisation_id
        reasons = await read_waiting(connection, waiting, share, seer) if waiting else {}
        return [
            replace(job, expires_at=self._expires_at(job))
            if job.status.is_terminal
            else replace(job, waiting=reasons.get(job.id), expected=await self._expected(connection, job))
            for job in found
        ]

    async def _expected(self, connection: Connection, job: Job) -> Estimate:
        return await self._history.estimate(connection, job.job_type, job.payload_size)

    def _expires_at(self, job: Job) -> datetime | None:
        if job.keep or job.completed_at is None:
            return None
        return max(
            job.created_at + timedelta(days=self._settings.retention_days),
            job.completed_at + timedelta(days=REST_DAYS),
        )

    async def _with_starts(self, connection: Connection, caller: Caller, found: Job) -> Job:
        """One job, with the time at which it is expected to start where that can be said."""
        [job] = await self._told(connection, caller, [found])
        if job.waiting is None or job.waiting.place is None or not job.waiting.slots:
            return job
        wait_ms = await self._history.starts_in_ms(
            connection, before=job.waiting.place - 1, slots=job.waiting.slots, share=self._settings.organisation_share
        )
        return job if wait_ms is None else replace(job, starts_at=datetime.now(UTC) + timedelta(milliseconds=wait_ms))

    async def _details(self, connection: Connection, caller: Caller, job: Job) -> JobDetails:
        # Read first: what happens from here on is for the stream to tell. A state may be told twice, a line may not.
        last = await events.last_event_id(connection, job.id)
        seen, unseen = await list_prerequisites(connection, job.id, caller.organisation_id)
        return JobDetails(
            job=await self._with_starts(connection, caller, job),
            prerequisites=seen,
            unseen_prerequisites=unseen,
            last_event_id=last,
            steps=await jobs.list_steps(connection, job.id, job.attempt_count),
            attempts=await jobs.list_attempts(connection, job.id),
            files=await jobs.list_files(connection, job.id, job.attempt_count),
            log=await events.read_log(connection, job.id, attempt=job.attempt_count, until=last, limit=LOG_TAIL_LINES),
            history=await events.read_history(connection, job.id),
        )
