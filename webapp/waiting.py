"""Waiting: each of the twelve reasons as a sentence, with the moment in it, and what a person may do about it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from scriptjobs.jobs import Job, Waiting

PLACES_KNOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """A sentence in two parts with a moment between them, so that the page can show it in the reader's own zone.

    `other_job_id` is the job whose doing it is; `offers` are names of actions.
    """

    code: str
    before: str
    until: datetime | None
    after: str
    other_job_id: str | None
    offers: tuple[str, ...]
    is_blocked: bool

    @property
    def text(self) -> str:
        """The sentence with its moment in UTC."""
        return f"{self.before}{_utc(self.until)}{self.after}"


def explain(job: Job) -> WaitingView | None:
    """Why a job waits; None when it does not, or nobody asked."""
    if job.waiting is None:
        return None
    before, after, offers = _SENTENCES[job.waiting.code](job, job.waiting)
    until = job.starts_at if job.waiting.code == "SLOTS_BUSY" else job.waiting.until
    return WaitingView(
        code=job.waiting.code, before=before, until=until, after=after, other_job_id=job.waiting.other_job_id,
        offers=offers, is_blocked=job.waiting.code in {"PREREQUISITE_FAILED", "NO_WORKER"},
    )  # fmt: skip


_Sentence = tuple[str, str, tuple[str, ...]]


def _other(waiting: Waiting, unnamed: str) -> str:
    return f"{waiting.other_type} ({waiting.other_job_id})" if waiting.other_job_id else unnamed


def _prerequisite_failed(_job: Job, waiting: Waiting) -> _Sentence:
    said = f"Blocked: {_other(waiting, 'a job that it needs')} did not complete."
    # What one may not see, one cannot start again.
    return said, "", (*(("retry-blocker",) if waiting.other_job_id else ()), "run-now", "cancel-rest")


def _prerequisite_open(_job: Job, waiting: Waiting) -> _Sentence:
    return f"Waits for {_other(waiting, 'another job')}.", "", ()


def _scheduled(_job: Job, _waiting: Waiting) -> _Sentence:
    return "Starts at ", ".", ("run-now",)


def _retry_wait(job: Job, waiting: Waiting) -> _Sentence:
    because = f", because of {waiting.note}" if waiting.note else ""
    return f"Try {job.retry_count + 1} of {job.max_retries + 1} at ", f"{because}.", ("run-now",)


def _paused(_job: Job, waiting: Waiting) -> _Sentence:
    return "Paused since ", f" by {waiting.note}.", ()


def _account_busy(_job: Job, waiting: Waiting) -> _Sentence:
    whose = f": {_other(waiting, '')}" if waiting.other_job_id else ", in another organisation"
    return f"Another job uses the same portal account{whose}.", "", ()


def _restaurant_busy(_job: Job, waiting: Waiting) -> _Sentence:
    return (
        f"Another job is working in this restaurant{': ' + _other(waiting, '') if waiting.other_job_id else ''}.",
        "",
        (),
    )


def _portal_rate(_job: Job, _waiting: Waiting) -> _Sentence:
    return "The portal allows one of these at a time and then a pause; its turn comes at ", ".", ()


def _organisation_share(_job: Job, waiting: Waiting) -> _Sentence:
    said = f"Your organisation uses its {waiting.note} slots while others wait; it goes on when one of these jobs ends."
    return said, "", ()


def _no_worker(_job: Job, waiting: Waiting) -> _Sentence:
    if waiting.until is None:
        return "No worker runs. The operator has to start one.", "", ()
    return "No worker has been heard since ", ". The operator has to start one.", ()


def _slots_busy(job: Job, waiting: Waiting) -> _Sentence:
    place = waiting.place
    said = f"All {waiting.slots} slots are busy" if waiting.slots != 1 else "The one slot is busy"
    where = f"position {place}" if place else f"more than {PLACES_KNOWN} jobs are before it"
    return (f"{said}; {where}; starts at about ", ".", ()) if job.starts_at else (f"{said}; {where}.", "", ())


def _next(_job: Job, _waiting: Waiting) -> _Sentence:
    return "Next in line; starts within seconds.", "", ()


_SENTENCES = {
    "PREREQUISITE_FAILED": _prerequisite_failed, "PREREQUISITE_OPEN": _prerequisite_open, "SCHEDULED": _scheduled,
    "RETRY_WAIT": _retry_wait, "PAUSED": _paused, "RESTAURANT_BUSY": _restaurant_busy,
    "ACCOUNT_BUSY": _account_busy, "PORTAL_RATE": _portal_rate,
    "ORG_SHARE": _organisation_share, "NO_WORKER": _no_worker, "SLOTS_BUSY": _slots_busy, "NEXT": _next,
}  # fmt: skip
CODES = tuple(_SENTENCES)


def _utc(moment: datetime | None) -> str:
    if moment is None:
        return ""
    utc = moment.astimezone(UTC)
    is_today = utc.date() == datetime.now(UTC).date()
    return utc.strftime("%H:%M:%S UTC" if is_today else "%d %b %Y, %H:%M UTC")
