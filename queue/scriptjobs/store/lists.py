"""Lists of jobs: filtered, ordered and paged, each page read in the order of an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import Job, JobStatus
from scriptjobs.store.jobs import COLUMNS, to_job

# Above this, a total is an estimate: an exact count would read every row of a large organisation.
COUNT_CAP = 10_000

# What `orderBy` may name, and its column.
ORDERS = {
    "createdAt": "created_at", "updatedAt": "updated_at", "startedAt": "started_at", "completedAt": "completed_at",
    "priority": "priority", "status": "status", "jobType": "job_type",
}  # fmt: skip

# The function finds the ids by index (migrations/sql/0016 says why it must); the rows are read under the caller's row
# policies, like every other row.
_LIST = text(
    f"""
    select {COLUMNS}
    from public.script_jobs_list(:organisation_id, :statuses, :job_type, :restaurant_id, :since, :key, :descending,
                                 :skip, :most) with ordinality as listed (listed_id, place)
    join public.script_jobs on id = listed_id
    order by place
    """  # noqa: S608 (a constant list of columns)
)
_COUNT = text("select public.script_jobs_count(:organisation_id, :statuses, :job_type, :restaurant_id, :since, :most)")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs, in which order. `order_by` is a key of ORDERS."""

    organisation_id: UUID
    statuses: tuple[JobStatus, ...] = ()
    job_type: str | None = None
    restaurant_id: UUID | None = None
    since: datetime | None = None
    limit: int = 20
    offset: int = 0
    order_by: str = "createdAt"
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """One page of a list. `total` is exact up to COUNT_CAP and a lower bound beyond it."""

    jobs: list[Job]
    total: int
    has_more: bool


async def list_jobs(connection: AsyncConnection, wanted: JobFilter) -> list[Job]:
    """One page of jobs, in the asked order; ties by id, so that no row is shown twice or left out."""
    order = {"key": ORDERS[wanted.order_by], "descending": wanted.descending}
    values = _values(wanted) | order | {"skip": wanted.offset, "most": wanted.limit}
    return [to_job(row) for row in (await connection.execute(_LIST, values)).mappings()]


async def count_jobs(connection: AsyncConnection, wanted: JobFilter) -> int:
    """How many jobs fit; at most COUNT_CAP + 1, which means "more than"."""
    return (await connection.execute(_COUNT, _values(wanted) | {"most": COUNT_CAP + 1})).scalar_one()


def _values(wanted: JobFilter) -> dict[str, Any]:
    statuses = [status.value for status in dict.fromkeys(wanted.statuses)]
    return {
        "organisation_id": wanted.organisation_id, "statuses": statuses, "job_type": wanted.job_type,
        "restaurant_id": wanted.restaurant_id, "since": wanted.since,
    }  # fmt: skip
