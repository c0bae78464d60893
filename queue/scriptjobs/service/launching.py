"""Launching: accepting a job, once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from scriptjobs.database import Connection
from scriptjobs.errors import (
    DuplicateJob,
    Forbidden,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InvalidPayload,
    QueueFull,
    RequestRefused,
)
from scriptjobs.jobs import Job, RawPayload
from scriptjobs.service.reading import Caller
from scriptjobs.service.uploading import Uploading
from scriptjobs.storable import find_unstorable
from scriptjobs.store.creation import (
    NewJob,
    find_active,
    find_ids,
    insert_job,
    owns_restaurant,
    writing_for_caller,
)
from scriptjobs.store.requests import RequestKey, find_answer, keep_answer, lock_request
from scriptjobs.store.uploads import use_uploads
from scriptjobs.store.waiting import add_prerequisites, find_full
from scriptjobs.values import read_job_id

# Product page 4.4.
ANSWERS_KEPT_S = 24 * 3_600.0
# A full queue moves as its jobs end; the shortest take most of a minute.
FULL_RETRY_AFTER_S = 30

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What a launch may say beyond type and payload. `run_at` is aware; `depends_on` are human ids or UUIDs."""

    priority: int = 0
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    restaurant_id: UUID | None = None
    run_at: datetime | None = None
    depends_on: tuple[str, ...] = ()
    allow_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API as it is kept under an Idempotency-Key."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request under an Idempotency-Key: where it went, its canonical body, and how its refusals are worded."""

    key: str
    path: str
    body: bytes
    refused: Callable[[RequestRefused], Answer]


class Launching(Uploading):
    """The part of ScriptJobService that accepts jobs."""

    async def create_job(
        self,
        caller: Caller,
        job_type: object,
        payload: RawPayload,
        options: JobOptions | None = None,
        *,
        within: Connection | None = None,
    ) -> Job:
        """Accept a job: validated, its secrets sealed, stored, the workers told.

        Raises:
            InvalidJobType: there is no such type.
            InvalidPayload: with every fault of the payload, or of restaurant and prerequisites.
            Forbidden: the caller may only look.
            DuplicateJob: one of this type is active for this restaurant (`jobId`, `currentStatus`).
            QueueFull: too many are waiting (`scope`: organisation or total).
        """
        new = self._prepare(caller, job_type, payload, options or JobOptions())
        async with self._as(caller, within) as connection:
            job = await self._insert(connection, caller, new, options or JobOptions())
            job = replace(job, expected=await self._expected(connection, job))
        log.info("job_created", jobId=job.job_id, jobType=job.job_type)
        return job

    async def answer_once(self, caller: Caller, once: Once, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Answer a request under an Idempotency-Key: a second one with the key and the same body gets the first answer.

        Refusals are kept as well, except those that pass by themselves.

        Raises:
            IdempotencyInFlight, IdempotencyMismatch: the first one is in work still, or was another request.
        """
        digests = self._vault.digests(once.body)
        key = RequestKey(
            user_id=caller.user_id, organisation_id=caller.organisation_id, path=once.path, key=once.key,
            digest=digests[0],
        )  # fmt: skip
        async with self._database.as_caller(caller.user_id) as connection:
            if not await lock_request(connection, key):
                raise IdempotencyInFlight(retryAfter=1)
            stored = await find_answer(connection, key, ANSWERS_KEPT_S)
            if stored and stored.digest not in digests:
                raise IdempotencyMismatch
            if stored:
                return Answer(stored.status, stored.body, is_replay=True)
            try:
                # What a refusal had begun is undone, the answer to it is kept: one transaction for both.
                async with connection.begin_nested():
                    answer = await work(connection)
            except RequestRefused as refusal:
                if "retryAfter" in refusal.details:  # what passes by itself is not kept: a full queue, a full disk
                    raise
                answer = once.refused(refusal)
            await keep_answer(connection, key, answer.status, answer.body)
        return answer

    def _prepare(self, caller: Caller, job_type: object, payload: RawPayload, options: JobOptions) -> NewJob:
        kind = self.job_types.get(job_type)
        if not caller.may_act:
            raise Forbidden("A viewer can watch jobs but not start them.")
        _must_be_allowed(caller, options.priority)
        _must_be_storable(payload, options.metadata)
        checked = kind.validate(payload, self._settings.allowed_hosts, self._settings.csv_folder)
        keys = kind.keys_of(checked, self._settings.allowed_hosts[0])
        return NewJob(
            job_type=kind.name,
            payload=self._vault.seal(checked),
            organisation_id=caller.organisation_id,
            created_by=caller.user_id,
            restaurant_id=options.restaurant_id,
            priority=options.priority,
            metadata=options.metadata,
            timeout_ms=kind.timeout_ms,
            max_retries=kind.max_retries,
            total_steps=kind.estimate_total_steps(),
            run_at=options.run_at,
            concurrency_key=keys.account,
            concurrency_limit=kind.account_limit,
            restaurant_limit=self._settings.restaurant_limit,
            rate_key=keys.rate,
            rate_interval_ms=kind.account_rate_ms,
            restaurant_key=keys.restaurant,
            allow_duplicate=options.allow_duplicate,
            payload_size=keys.size,
        )

    async def _insert(self, connection: Connection, caller: Caller, new: NewJob, options: JobOptions) -> Job:
        if new.restaurant_id and not await owns_restaurant(connection, caller.organisation_id, new.restaurant_id):
            fault = {"path": "restaurantId", "message": "is no restaurant of this organisation"}
            raise InvalidPayload("There is no such restaurant.", fields=[fault])
        files = await self._check_files(connection, caller, self.job_types.get(new.job_type).files_of(new.payload))
        needs = await self._find_prerequisites(connection, options.depends_on) if options.depends_on else []
        limits = (self._settings.queue_limit_per_organisation, self._settings.queue_limit)
        if full := await find_full(connection, caller.organisation_id, *limits):
            said = "Your organisation has" if full == "organisation" else "The queue holds"
            limit = limits[full == "total"]
            raise QueueFull(
                f"{said} {limit:,} waiting jobs already. Try again when some of them have run.",
                retryAfter=FULL_RETRY_AFTER_S, scope=full,
            )  # fmt: skip
        wanted = (caller.organisation_id, new.job_type, new.restaurant_id, new.restaurant_key)
        job: Job | None = None
        while job is None:
            if not new.allow_duplicate and (active := await find_active(connection, *wanted)):
                raise duplicate(active)
            # None: another request was faster, so the next look finds its job, unless that has ended already.
            async with writing_for_caller(connection, new.organisation_id, new.created_by):
                job = await insert_job(connection, new)
        if needs:
            await add_prerequisites(connection, job.id, needs)
        await use_uploads(connection, job.id, files)
        return job

    async def _find_prerequisites(self, connection: Connection, wanted: tuple[str, ...]) -> list[UUID]:
        keys = [_job_key(name) for name in wanted]
        names = [key for key in keys if isinstance(key, str)]
        found = await find_ids(connection, names, [key for key in keys if isinstance(key, UUID)])
        faults = [
            {"path": f"dependsOn.{place}", "message": f"there is no job {name}" if key else "is not the id of a job"}
            for place, (name, key) in enumerate(zip(wanted, keys, strict=True))
            if str(key) not in found
        ]
        if faults:
            raise InvalidPayload("A job that this one should wait for does not exist.", fields=faults)
        return list({found[str(key)] for key in keys})


def _must_be_allowed(caller: Caller, priority: int) -> None:
    """Refuse a priority beyond the caller's role: nobody's jobs go before those of all others.

    Raises:
        InvalidPayload: with the range.
    """
    if abs(priority) > caller.priority_limit:
        said = f"must be from -{caller.priority_limit} to {caller.priority_limit} for your role"
        raise InvalidPayload("The priority does not fit.", fields=[{"path": "priority", "message": said}])


def duplicate(active: Job) -> DuplicateJob:
    """The refusal that names the active job."""
    doing = "runs" if active.status == "in_progress" else "waits"
    return DuplicateJob(
        f"{active.job_id} {doing} for this restaurant already.", jobId=active.job_id, currentStatus=active.status.value
    )


def _job_key(name: str) -> str | UUID | None:
    try:
        return read_job_id(name)
    except ValueError:
        return None


def _must_be_storable(payload: Any, metadata: Any) -> None:
    """Refuse what JSON may hold and the database may not.

    Raises:
        InvalidPayload: the field is named, as every fault of a payload is; one of `metadata` with that name in front.
    """
    for name, part in (("", payload), ("metadata", metadata)):
        if found := find_unstorable(part):
            path = ".".join(place for place in (name, found[0]) if place)
            raise InvalidPayload(f"Please correct: {path}.", fields=[{"path": path, "message": found[1]}])
