"""The query of a list of jobs, the same for page and API: filters, page and order, every fault named."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from starlette.datastructures import QueryParams

from scriptjobs.errors import InvalidPayload
from scriptjobs.jobs import JobStatus
from scriptjobs.service import JobFilter
from scriptjobs.values import read_flag, read_time, read_uuid, read_whole_number

MAX_LIST = 100
MAX_OFFSET = 1_000_000
ORDERS = ("createdAt", "updatedAt", "startedAt", "completedAt", "priority", "status", "jobType")

Value = TypeVar("Value")
Default = TypeVar("Default")


class Query:
    """Reads parameters of an address, one after the other, and collects what does not fit.

    A parameter that is empty counts as missing. One that stands there several times is joined by commas, the way a list
    is written.
    """

    def __init__(self, given: QueryParams) -> None:
        self._given = given
        self._faults: list[dict[str, str]] = []

    def read(self, name: str, parse: Callable[[str], Value], default: Default) -> Value | Default:
        """The value of one parameter. `parse` raises ValueError with words that go on from the name."""
        text = ",".join(self._given.getlist(name))
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._faults.append({"path": name, "message": str(error)})
            return default

    def number(self, name: str, low: int, high: int, default: Default) -> int | Default:
        """The whole number in one parameter."""
        return self.read(name, lambda text: read_whole_number(text, low, high), default)

    def finish(self) -> None:
        """Refuse the query if anything in it did not fit.

        Raises:
            InvalidPayload: with every parameter that does not fit.
        """
        if self._faults:
            named = ", ".join(fault["path"] for fault in self._faults)
            raise InvalidPayload(f"The query does not fit: {named}.", fields=self._faults)


def read_list_query(given: QueryParams, organisation_id: UUID) -> JobFilter:
    """The filter, page and order of GET /api/jobs.

    Raises:
        InvalidPayload: with every parameter that does not fit.
    """
    query = Query(given)
    wanted = JobFilter(
        organisation_id=organisation_id,
        statuses=query.read("status", _statuses, ()),
        job_type=query.read("jobType", str, None),
        restaurant_id=query.read("restaurantId", read_uuid, None),
        since=query.read("since", read_time, None),
        limit=query.number("limit", 1, MAX_LIST, 20),
        offset=query.number("offset", 0, MAX_OFFSET, 0),
        order_by=query.read("orderBy", _one_of(ORDERS), "createdAt"),
        descending=query.read("orderDir", _one_of(("asc", "desc")), "desc") == "desc",
    )
    query.finish()
    return wanted


def read_switch(given: QueryParams, name: str, *, default: bool) -> bool:
    """One switch in an address.

    Raises:
        InvalidPayload: it is neither true nor false.
    """
    query = Query(given)
    value = query.read(name, read_flag, default)
    query.finish()
    return value


def _statuses(text: str) -> tuple[JobStatus, ...]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(dict.fromkeys(JobStatus(name) for name in names))
    except ValueError:
        raise ValueError(f"must be of: {', '.join(status.value for status in JobStatus)}") from None


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        return text

    return parse
