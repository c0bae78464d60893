"""Creation: a new job, and what may stand in its way."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.errors import Forbidden
from scriptjobs.jobs import Job, SealedPayload
from scriptjobs.store.jobs import COLUMNS, to_job


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to insert. `timeout_ms` bounds each attempt; the keys are explained in migrations/sql/0006."""

    job_type: str
    payload: SealedPayload
    organisation_id: UUID
    created_by: UUID
    restaurant_id: UUID | None
    priority: int
    metadata: dict[str, Any]
    timeout_ms: int
    max_retries: int
    total_steps: int
    run_at: datetime | None
    concurrency_key: str | None
    concurrency_limit: int
    restaurant_limit: int
    rate_key: str | None
    rate_interval_ms: int
    restaurant_key: str | None
    allow_duplicate: bool
    payload_size: int | None


# Nothing races with an insert: the row is visible, and the workers are told, only when it is committed. Of two active
# jobs for one restaurant the unique indexes let the first in; the second waits for its commit, and inserts nothing.
_INSERT = text(
    f"""
    insert into public.script_jobs
        (job_type, input_payload, organisation_id, restaurant_id, created_by, priority, metadata, timeout_ms,
         max_retries, total_steps, run_at, concurrency_key, concurrency_limit, rate_key, rate_interval_ms,
         restaurant_key, restaurant_limit, allow_duplicate, payload_size)
    values
        (cast(:job_type as public.script_job_type), :payload, :organisation_id, :restaurant_id, :created_by,
         :priority, :metadata, :timeout_ms, :max_retries, :total_steps, :run_at, :concurrency_key, :concurrency_limit,
         :rate_key, :rate_interval_ms, :restaurant_key, :restaurant_limit, :allow_duplicate, :payload_size)
    on conflict do nothing
    returning {COLUMNS}
    """  # noqa: S608 (a constant list of columns)
).bindparams(bindparam("payload", type_=JSONB), bindparam("metadata", type_=JSONB))
_ACTIVE = text(
    f"""
    select {COLUMNS} from public.script_jobs
    where organisation_id = :organisation_id and status in ('pending', 'queued', 'in_progress')
      and job_type = cast(:job_type as public.script_job_type)
      and (restaurant_id = :restaurant_id or restaurant_key = :restaurant_key)
    order by created_at limit 1
    """  # noqa: S608 (a constant list of columns)
)
_KEYS = text("select restaurant_id, restaurant_key from public.script_jobs where id = :id")
_NAMED = text("select id, job_id from public.script_jobs where job_id = any (:names) or id = any (:ids)")


# Callers may not set what comes from a job's type. So the row is written as the service role, in the caller's
# transaction and name (the claims stay), once the database has found the caller a member who may act.
_BECOME_SERVICE = text(
    """
    select set_config('role', 'service_role', true)
    where :organisation_id = any (public.script_jobs_organisations(true)) and auth.uid() = :created_by
    """
)
_BECOME_CALLER = text("select set_config('role', 'authenticated', true)")


@asynccontextmanager
async def writing_for_caller(
    connection: AsyncConnection, organisation_id: UUID, created_by: UUID
) -> AsyncGenerator[None]:
    """Lets a caller's transaction write what callers may not set. After an error the transaction is over anyway.

    Raises:
        Forbidden: the caller may not act in this organisation (any more).
    """
    values = {"organisation_id": organisation_id, "created_by": created_by}
    if (await connection.execute(_BECOME_SERVICE, values)).one_or_none() is None:
        raise Forbidden("You may not start jobs or upload files in this organisation.")
    yield
    await connection.execute(_BECOME_CALLER)


async def insert_job(connection: AsyncConnection, new: NewJob) -> Job | None:
    """Insert a job and return it as stored; None when another one is active for its restaurant."""
    values = {name: getattr(new, name) for name in NewJob.__slots__}
    row = (await connection.execute(_INSERT, values)).mappings().one_or_none()
    return to_job(row) if row else None


async def find_active(
    connection: AsyncConnection, organisation_id: UUID, job_type: str, restaurant_id: UUID | None, key: str | None
) -> Job | None:
    """The oldest active job of the type for the restaurant, however it is named; None without one."""
    if restaurant_id is None and key is None:
        return None
    values = {
        "organisation_id": organisation_id, "job_type": job_type, "restaurant_id": restaurant_id, "restaurant_key": key,
    }  # fmt: skip
    row = (await connection.execute(_ACTIVE, values)).mappings().one_or_none()
    return to_job(row) if row else None


async def find_active_beside(connection: AsyncConnection, job: Job) -> Job | None:
    """The active job that keeps an ended one from being started again."""
    restaurant_id, key = (await connection.execute(_KEYS, {"id": job.id})).one()
    assert job.organisation_id is not None
    return await find_active(connection, job.organisation_id, job.job_type, restaurant_id, key)


async def find_ids(connection: AsyncConnection, names: list[str], ids: list[UUID]) -> dict[str, UUID]:
    """The ids of those of these jobs (by human id and by UUID) that the caller may see, by either name."""
    rows = (await connection.execute(_NAMED, {"names": names, "ids": ids})).all()
    return {name: row.id for row in rows for name in (row.job_id, str(row.id))}


# The caller's role need not read restaurants itself: the function answers for one pair of ids.
_OWNS_RESTAURANT = text("select public.script_jobs_owns_restaurant(:organisation_id, :restaurant_id)")


async def owns_restaurant(connection: AsyncConnection, organisation_id: UUID, restaurant_id: UUID) -> bool:
    """Whether the restaurant belongs to the organisation."""
    values = {"organisation_id": organisation_id, "restaurant_id": restaurant_id}
    return (await connection.execute(_OWNS_RESTAURANT, values)).scalar_one()
