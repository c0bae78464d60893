"""The result of a job that sets sections of the settings, one step each."""

from pydantic import BaseModel

from portal_scripts.outcomes import Tally
from scriptjobs import script as face


class Detail(BaseModel):
    """A section that could not be set, or was left out, and why."""

    name: str
    status: str
    error: str | None = None


class Applied(BaseModel):
    """Steps by what became of them."""

    applied: list[str]
    skipped: list[str]
    details: list[Detail]


class Result(face.Result):
    """The result."""

    data: Applied


def parts_of(tally: Tally, what: str) -> tuple[str, Applied]:
    """The message and the common part of the data.

    Raises:
        NothingDone: everything failed.
    """
    tally.must_hold_something("settings")
    applied, skipped, failed = (
        tally.named(*statuses) for statuses in (("applied", "looked"), ("skipped",), ("failed",))
    )
    details = [
        Detail(name=item.name, status=item.status, error=item.error)
        for item in tally.outcomes
        if item.status in {"failed", "skipped"}
    ]
    tail = f" {len(failed)} could not be set: {', '.join(failed)}." if failed else ""
    said = f"{what}: {len(applied)} of {len(applied) + len(failed)} parts are set.{tail}"
    return said, Applied(applied=applied, skipped=skipped, details=details)
