"""The list of jobs as the page shows it: one page of it, and the addresses of those before and behind."""

from dataclasses import dataclass
from urllib.parse import urlencode

from scriptjobs.service import COUNT_CAP, JobFilter, JobList
from webapp.card import LOOKS, JobCard


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """One page of jobs. `newer` and `older` are addresses, None at either end; `empty` is said without any job."""

    cards: list[JobCard]
    range: str
    newer: str | None
    older: str | None
    is_filtered: bool
    empty: str

    @classmethod
    def of(cls, cards: list[JobCard], found: JobList, wanted: JobFilter) -> "ListView":
        """The page of a list that a filter asks for, with the cards of its jobs."""
        end = wanted.offset + len(cards)
        many = f"{COUNT_CAP:,}+" if found.total > COUNT_CAP else str(found.total)
        is_filtered = bool(wanted.statuses or wanted.job_type or wanted.restaurant_id or wanted.since)
        return cls(
            cards=cards,
            range=f"{wanted.offset + 1}–{end} of {many}",
            newer=_address(wanted, max(wanted.offset - wanted.limit, 0)) if wanted.offset else None,
            older=_address(wanted, end) if found.has_more else None,
            is_filtered=is_filtered,
            empty=_empty(wanted, is_filtered=is_filtered),
        )


def _empty(wanted: JobFilter, *, is_filtered: bool) -> str:
    if wanted.offset:
        return "There are no jobs this far back."
    if not is_filtered:
        return "Nothing has run yet."
    labels = " or ".join(LOOKS[status].label for status in wanted.statuses)
    return f"No job is {labels} now." if labels else "No job fits."


def _address(wanted: JobFilter, offset: int) -> str:
    """The address of another page of the same list."""
    said = {
        "status": ",".join(status.value for status in wanted.statuses),
        "jobType": wanted.job_type,
        "restaurantId": wanted.restaurant_id,
        "since": wanted.since.isoformat() if wanted.since else None,
        "limit": wanted.limit,
        "orderBy": wanted.order_by if wanted.order_by != "createdAt" else None,
        "orderDir": None if wanted.descending else "asc",
        "offset": offset,
    }
    return f"/jobs?{urlencode({key: value for key, value in said.items() if value not in (None, '')})}"
