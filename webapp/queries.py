"""The query of a list of jobs, the same for page and API: filters, page and order, every fault named."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import QueryParams

from scriptjobs.errors import InvalidPayload
from scriptjobs.jobs import JobStatus
from scriptjobs.service import JobFilter

MAX_LIST = 100
MAX_OFFSET = 1_000_000
ORDERS = ("createdAt", "updatedAt", "startedAt", "completedAt", "priority", "status", "jobType")


def read_list_query(query: QueryParams, organisation_id: UUID) -> JobFilter:
    """The filter, page and order of GET /api/jobs.

    Raises:
        InvalidPayload: with every parameter that does not fit.
    """
    faults: list[dict[str, str]] = []

    def read(name: str, parse: Callable[[str], Any], default: Any, rule: str) -> Any:
        text = query.get(name)
        if text is None or text == "":
            return default
        try:
            return parse(text)
        except (ValueError, KeyError):
            faults.append({"path": name, "message": rule})
            return default

    statuses = ", ".join(status.value for status in JobStatus)
    wanted = JobFilter(
        organisation_id=organisation_id,
        statuses=read("status", _statuses, (), f"must be of: {statuses}"),
        job_type=query.get("jobType") or None,
        restaurant_id=read("restaurantId", UUID, None, "must be a UUID"),
        since=read("since", _moment, None, "must be a time such as 2026-01-31T09:00:00Z"),
        limit=read("limit", _between(1, MAX_LIST), 20, f"must be a whole number from 1 to {MAX_LIST}"),
        offset=read("offset", _between(0, MAX_OFFSET), 0, f"must be a whole number from 0 to {MAX_OFFSET}"),
        order_by=read("orderBy", _one_of(ORDERS), "createdAt", f"must be one of: {', '.join(ORDERS)}"),
        descending=read("orderDir", _one_of(("asc", "desc")), "desc", "must be asc or desc") == "desc",
    )
    if faults:
        named = ", ".join(fault["path"] for fault in faults)
        raise InvalidPayload(f"The query does not fit: {named}.", fields=faults)
    return wanted


def _statuses(text: str) -> tuple[JobStatus, ...]:
    return tuple(JobStatus(part.strip()) for part in text.split(",") if part.strip())


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        return allowed[allowed.index(text)]

    return parse
