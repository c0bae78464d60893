"""Jobs as people see them: single ones, with their steps, attempts and files. Lists stand in store/lists.py."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import Attempt, Job, JobFile, JobStatus, SealedPayload, Step, StepState
from scriptjobs.sealing import cover

COLUMNS = """id, job_id, job_type::text, status::text, result, error_code, error_message, retry_count, max_retries,
    retry_delay_ms, next_retry_at, progress_percent, progress_message, current_step, total_steps, created_at,
    updated_at, started_at, completed_at, cancelled_at, timeout_at, timeout_ms, attempt_count, worker_id,
    organisation_id, restaurant_id, created_by, priority, metadata, run_at, stop_requested_at, stop_stage,
    checkpoint_step, resumed_step, keep, payload_size, lacks_secrets,
    input_payload ->> 'restaurantName' as restaurant_name"""


def to_job(row: RowMapping) -> Job:
    """A row of COLUMNS as a job."""
    values: dict[str, Any] = {**row}
    values |= {"status": JobStatus(row["status"]), "metadata": row["metadata"] or {}, "result": cover(row["result"])}
    return Job(**values)


# A read of one row; as the caller, the row policy hides other organisations' rows.
_GET = text(f"select {COLUMNS} from public.script_jobs where job_id = :job_id")  # noqa: S608
_GET_BY_UUID = text(f"select {COLUMNS} from public.script_jobs where id = :id")  # noqa: S608


async def get_job(connection: AsyncConnection, job_id: str) -> Job | None:
    """The job with this human id, or None."""
    row = (await connection.execute(_GET, {"job_id": job_id})).mappings().one_or_none()
    return to_job(row) if row else None


async def get_job_by_uuid(connection: AsyncConnection, id_: UUID) -> Job | None:
    """The job with this UUID, or None."""
    row = (await connection.execute(_GET_BY_UUID, {"id": id_})).mappings().one_or_none()
    return to_job(row) if row else None


_PAYLOAD = text("select input_payload from public.script_jobs where id = :id")


async def get_payload(connection: AsyncConnection, id_: UUID) -> SealedPayload:
    """What a job was started with, as it is stored."""
    return SealedPayload((await connection.execute(_PAYLOAD, {"id": id_})).scalar_one())


# Several jobs of one page at once; ids that the caller may not see are simply missing.
_GET_MANY = text(f"select {COLUMNS} from public.script_jobs where job_id = any (:job_ids)")  # noqa: S608


async def get_jobs(connection: AsyncConnection, job_ids: list[str]) -> list[Job]:
    """The jobs with these human ids, in no order."""
    return [to_job(row) for row in (await connection.execute(_GET_MANY, {"job_ids": job_ids})).mappings()]


# In the order of the claim. An organisation may have no more than QUEUE_LIMIT_PER_ORGANISATION of them to sort.
_PENDING = text(
    f"""
    select {COLUMNS} from public.script_jobs
    where organisation_id = :organisation_id and status in ('pending', 'queued')
    order by priority desc, created_at, id limit :limit
    """  # noqa: S608 (a constant list of columns)
)


async def list_pending(connection: AsyncConnection, organisation_id: UUID, limit: int) -> list[Job]:
    """Up to `limit` jobs that wait, highest priority first, then oldest."""
    values = {"organisation_id": organisation_id, "limit": limit}
    return [to_job(row) for row in (await connection.execute(_PENDING, values)).mappings()]


# The index script_jobs_retryable holds those that wait for their next try.
_RETRYABLE = text(
    f"""
    select {COLUMNS} from public.script_jobs
    where organisation_id = :organisation_id and status in ('pending', 'queued') and next_retry_at is not null
    order by next_retry_at limit :limit
    """  # noqa: S608 (a constant list of columns)
)


async def list_retryable(connection: AsyncConnection, organisation_id: UUID, limit: int) -> list[Job]:
    """Up to `limit` jobs that wait for their next try, the next one first."""
    values = {"organisation_id": organisation_id, "limit": limit}
    return [to_job(row) for row in (await connection.execute(_RETRYABLE, values)).mappings()]


_ANY_OF = text(
    """
    select exists (select from public.script_jobs where id = any (:ids) and organisation_id = :organisation_id)
    """
)


async def is_any_of(connection: AsyncConnection, ids: list[UUID], organisation_id: UUID) -> bool:
    """Whether one of these jobs is the organisation's, and the caller may see it."""
    values = {"ids": ids, "organisation_id": organisation_id}
    return (await connection.execute(_ANY_OF, values)).scalar_one()


# Reads for the job's page; they follow the job's own row, which the caller was allowed to see.
_STEPS = text(
    """
    select attempt, position, title, state, started_at, duration_ms
    from public.script_job_steps
    where job_id = :id and attempt = :attempt
    order by position
    """
)
_ATTEMPTS = text(
    """
    select number, worker_id, started_at, ended_at, outcome, error_code, error_message, resumed_step
    from public.script_job_attempts
    where job_id = :id
    order by number
    """
)
_FILES = text(
    """
    select id, attempt, step, name, media_type, size, storage_key
    from public.script_job_files
    where job_id = :id and attempt = :attempt
    order by created_at, id
    """
)
_ALL_FILES = text(
    """
    select id, attempt, step, name, media_type, size, storage_key
    from public.script_job_files
    where job_id = :id
    order by attempt, created_at, id
    """
)
_FILE = text(
    """
    select id, attempt, step, name, media_type, size, storage_key
    from public.script_job_files
    where id = :file_id and job_id = :id
    """
)


async def list_steps(connection: AsyncConnection, id_: UUID, attempt: int) -> list[Step]:
    """The steps of one attempt, in order."""
    rows = (await connection.execute(_STEPS, {"id": id_, "attempt": attempt})).mappings()
    return [_step({**row}) for row in rows]


def _step(values: dict[str, Any]) -> Step:
    values["state"] = StepState(values["state"])
    return Step(**values)


async def list_attempts(connection: AsyncConnection, id_: UUID) -> list[Attempt]:
    """All attempts of a job, the first one first."""
    return [Attempt(**row) for row in (await connection.execute(_ATTEMPTS, {"id": id_})).mappings()]


async def list_files(connection: AsyncConnection, id_: UUID, attempt: int) -> list[JobFile]:
    """The files of one attempt, oldest first."""
    return [JobFile(**row) for row in (await connection.execute(_FILES, {"id": id_, "attempt": attempt})).mappings()]


async def list_all_files(connection: AsyncConnection, id_: UUID) -> list[JobFile]:
    """The files of all attempts, oldest first."""
    return [JobFile(**row) for row in (await connection.execute(_ALL_FILES, {"id": id_})).mappings()]


async def get_file(connection: AsyncConnection, id_: UUID, file_id: UUID) -> JobFile | None:
    """One file of a job, or None."""
    row = (await connection.execute(_FILE, {"id": id_, "file_id": file_id})).mappings().one_or_none()
    return JobFile(**row) if row else None
