"""The eleven sentences, with their moments and their buttons; and the words for the time that is left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scriptjobs.estimates import Estimate
from scriptjobs.jobs import Job, JobStatus, Waiting
from tests.unit.test_partials import JOB, TYPES
from webapp.api.schemas import format_job_response
from webapp.card import JobCard
from webapp.render import partial
from webapp.waiting import CODES

AT = datetime(2099, 1, 1, 10, 0, tzinfo=UTC)


def waiting(code: str, **changes: object) -> Job:
    facts = Waiting(
        id=JOB.id, code=code, until=None, other_id=None, other_job_id=None, other_type=None, note=None, place=None,
        slots=None,
    )  # fmt: skip
    return replace(JOB, waiting=replace(facts, **changes))  # type: ignore[arg-type]


OTHER = {"other_job_id": "JOB_1", "other_type": "register-restaurant"}


@pytest.mark.parametrize(
    ("job", "text", "buttons"),
    [
        (waiting("PREREQUISITE_FAILED", **OTHER), "Blocked: register-restaurant (JOB_1) did not complete.",
         ["Retry what failed", "Run anyway", "Cancel the rest", "Cancel"]),
        (waiting("PREREQUISITE_OPEN", **OTHER), "Waits for register-restaurant (JOB_1).", ["Cancel"]),
        (waiting("SCHEDULED", until=AT), "Starts at 01 Jan 2099, 10:00 UTC.", ["Start now", "Cancel"]),
        (replace(waiting("RETRY_WAIT", until=AT, note="TIMEOUT"), retry_count=1),
         "Try 2 of 4 at 01 Jan 2099, 10:00 UTC, because of TIMEOUT.", ["Try now", "Cancel"]),
        (waiting("PAUSED", until=AT, note="ana: portal down"), "Paused since 01 Jan 2099, 10:00 UTC by ana: portal down.",
         ["Cancel"]),
        (waiting("ACCOUNT_BUSY", **OTHER), "Another job uses the same portal account: register-restaurant (JOB_1).",
         ["Cancel"]),
        (waiting("ACCOUNT_BUSY"), "Another job uses the same portal account, in another organisation.", ["Cancel"]),
        (waiting("PORTAL_RATE", until=AT),
         "The portal allows one of these at a time and then a pause; its turn comes at 01 Jan 2099, 10:00 UTC.", ["Cancel"]),
        (waiting("ORG_SHARE", note="4"),
         "Your organisation uses its 4 slots while others wait; it goes on when one of these jobs ends.", ["Cancel"]),
        (waiting("NO_WORKER", until=AT),
         "No worker has been heard since 01 Jan 2099, 10:00 UTC. The operator has to start one.", ["Cancel"]),
        (waiting("SLOTS_BUSY", place=3, slots=6), "All 6 slots are busy; position 3.", ["Cancel"]),
        (waiting("SLOTS_BUSY", slots=1), "The one slot is busy; more than 100 jobs are before it.", ["Cancel"]),
        (replace(waiting("SLOTS_BUSY", place=1, slots=2), starts_at=AT),
         "All 2 slots are busy; position 1; starts at about 01 Jan 2099, 10:00 UTC.", ["Cancel"]),
        (waiting("NEXT", place=1, slots=2), "Next in line; starts within seconds.", ["Cancel"]),
    ],
)  # fmt: skip
def test_each_reason_is_a_sentence_on_the_card_and_in_the_api(job: Job, text: str, buttons: list[str]) -> None:
    card = JobCard.from_job(job, TYPES, may_act=True)

    assert format_job_response(job)["waiting"]["text"] == text
    assert [action.label for action in card.actions] == buttons
    assert 'class="waiting-reason"' in partial("job_status_card", card)
    assert not JobCard.from_job(job, TYPES, may_act=False).actions


def test_every_reason_has_its_words() -> None:
    assert len(CODES) == 12


@pytest.mark.parametrize(
    ("ran_s", "expected", "words"),
    [
        (5, Estimate(60_000, 90_000, 0), "usually 60 s"),
        (3, Estimate(60_000, 90_000, 9), "about 60 s left"),
        (70, Estimate(60_000, 90_000, 9), "at most 20 s more"),
        (95, Estimate(60_000, 90_000, 9), "longer than usual (90 s)"),
        (0, Estimate(600_000, 900_000, 9), "about 10 min left"),
        (0, Estimate(3_000_000, 3_600_000, 9), "about 50 min left"),
    ],
)
def test_the_time_that_is_left_is_said_roughly(ran_s: int, expected: Estimate, words: str) -> None:
    started = datetime.now(UTC) - timedelta(seconds=ran_s)
    job = replace(JOB, status=JobStatus.IN_PROGRESS, attempt_count=1, started_at=started, expected=expected)

    assert JobCard.from_job(job, TYPES, may_act=True).time_left == words
    assert JobCard.from_job(replace(job, resumed_step=3), TYPES, may_act=True).time_left == ""


@pytest.mark.parametrize(
    ("reported", "ran_s", "expected", "shown"),
    [
        (80, 6, Estimate(116_000, 140_000, 9), 5),  # four quick steps of five are done, the long one is to come
        (80, 6, Estimate(116_000, 116_000, 0), 5),
        (20, 100, Estimate(116_000, 140_000, 9), 20),
        (80, 300, Estimate(116_000, 140_000, 9), 80),
        (80, 6, None, 80),
        (None, 6, Estimate(116_000, 140_000, 9), None),
    ],
)
def test_the_percentage_never_runs_ahead_of_the_time(
    reported: int | None, ran_s: int, expected: Estimate | None, shown: int | None
) -> None:
    started = datetime.now(UTC) - timedelta(seconds=ran_s)
    job = replace(
        JOB, status=JobStatus.IN_PROGRESS, attempt_count=1, started_at=started, expected=expected,
        progress_percent=reported, current_step=4,
    )  # fmt: skip

    assert JobCard.from_job(job, TYPES, may_act=True).percent == shown
    assert JobCard.from_job(replace(job, resumed_step=3), TYPES, may_act=True).percent == reported
