"""A short soak, and its judge of reasons: the long soak is a command of its own (bin/soak)."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.deeds import Deed, Deeds
from tests.soak.journal import Entry
from tests.soak.odd_values import NOISE, RESULTS, odd_noise, odd_reports, odd_result
from tests.soak.reasons import Attempt, Judge

WORKER, OTHER = 41, 42
DONE = Attempt(
    job="JOB_1", name="1", way="ok", number=1, outcome="completed", code=None, message="", worker=WORKER,
    began=1_000, ended=1_010, limit_s=20, result={"success": True},
)  # fmt: skip
JOURNAL = {"1": Entry(("/runs/sj-1/1",), ends=1), "2": Entry(("/runs/sj-1/2",), ends=1)}
HANDED_BACK = "The worker could not renew its lease for 4 s ({}). The job starts again by itself."


def test_a_few_seconds_of_trouble_break_no_promise() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seconds", "15", "--jobs", "50", "--chromium", "0", "--seed", "7"],
        capture_output=True, text=True, timeout=110, cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "0 promises broken" in done.stdout.splitlines()[-1]


def judge(*deeds: Deed, attempts: tuple[Attempt, ...] = (), ends: int = 1) -> Judge:
    journal = {**JOURNAL, "1": Entry(JOURNAL["1"].folders, ends)}
    return Judge(Deeds([*deeds]), journal, [*attempts])


def failed(code: str, message: str, way: str = "ok") -> Attempt:
    return replace(DONE, outcome="failed", code=code, message=message, way=way)


def ours(message: str, outcome: str = "released", code: str | None = "WORKER_DIED") -> Attempt:
    return replace(DONE, outcome=outcome, code=code, message=message)


def during(name: str, worker: int | None = WORKER, folder: str = "") -> Deed:
    return Deed(name, worker, folder, began=1_004, ended=1_006)


KILLED = "The script was killed by signal 9 and gave no result. Most likely the machine ran out of memory."
IN_ITS_FOLDER = during("scripts killed", folder="/runs/sj-1/1")


@pytest.mark.parametrize(
    ("attempt", "deed"),
    [
        (failed("BROWSER_CRASHED", KILLED), IN_ITS_FOLDER),
        (ours(HANDED_BACK.format("the database did not answer")), during("tables locked", None)),
        (ours(HANDED_BACK.format("the database did not answer")), during("lines silent")),
        (ours(HANDED_BACK.format("this machine stood still")), during("machines paused")),
        (ours("The disk on which the job ran is full. The job starts again by itself."), during("disks full")),
        (ours("The folder in which the job ran was deleted."), during("run folders removed")),
        (
            ours("The worker could not run this job: a folder or program that it needs is missing."),
            during("run folders removed"),
        ),
        (ours("Our machine stopped in the middle of the job.", "lost"), during("workers killed")),
        (ours("", code=None), during("updates")),
        (replace(DONE, outcome="cancelled"), Deed("stops asked", job="JOB_1")),
    ],
)
def test_a_reason_is_true_only_when_the_deed_was_done_to_it(attempt: Attempt, deed: Deed) -> None:
    elsewhere = replace(deed, worker=OTHER, folder="/runs/sj-1/2", job="JOB_2")
    another_time = replace(deed, began=1_100, ended=1_110, job="JOB_2")

    assert judge(deed).find(attempt) == ""
    assert judge().find(attempt) != ""
    assert judge(elsewhere).find(attempt) != ""
    assert judge(another_time).find(attempt) != ""


@pytest.mark.parametrize(
    "attempt",
    [
        failed("ETIMEDOUT", "not yet", "flaky"),
        failed("VALIDATION_ERROR", "bad", "bad"),
        failed("UNKNOWN_ERROR", "The script ended with exit status 3 and gave no result.", "crash"),
        replace(DONE, way="deaf", outcome="timed_out", code="TIMEOUT", ended=1_020),
        failed("VALIDATION_ERROR", "The script sent a report that cannot be read.", "odd"),
        DONE,
    ],
)
def test_what_a_script_was_told_to_do_is_a_true_reason_for_that_script_alone(attempt: Attempt) -> None:
    assert judge().find(attempt) == ""
    if attempt is not DONE:
        assert judge().find(replace(attempt, way="ok")) != ""
        assert judge(IN_ITS_FOLDER, during("tables locked", None)).find(replace(attempt, way="ok")) != ""


@pytest.mark.parametrize(
    "attempt",
    [
        replace(DONE, way="bad"),
        replace(DONE, result={"success": True, "unverified": True}),
        replace(DONE, way="deaf", outcome="timed_out", code="TIMEOUT", ended=1_012),
        failed("UNKNOWN_ERROR", "Something went wrong on our side while the job ran.", "odd"),
        failed("BROWSER_CRASHED", KILLED, "odd"),
        ours("Something that nobody ever says."),
    ],
)
def test_what_cannot_have_come_to_pass_is_no_true_reason(attempt: Attempt) -> None:
    assert judge(during("tables locked", None)).find(attempt) != ""


def test_success_without_an_end_in_the_journal_is_not_true() -> None:
    assert judge(ends=0).find(DONE) != ""


def test_the_end_of_a_job_tells_how_many_workers_died_with_it() -> None:
    lost = [replace(ours("", "lost"), number=number, worker=WORKER + number) for number in (1, 2)]
    said = "Its worker stopped 2 times while running this job, so it is not tried again by itself."
    kills = [during("workers killed", WORKER + number) for number in (1, 2)]

    assert judge(*kills, attempts=(*lost,)).find_end("JOB_1", "failed", said) == ""
    assert judge(kills[0], attempts=(*lost,)).find_end("JOB_1", "failed", said) != ""
    assert judge().find_end("JOB_1", "cancelled", "") != ""


def test_odd_values_are_drawn_from_the_seed_alone() -> None:
    def draw(seed: int) -> list[object]:
        drawn = random.Random(seed)
        return [odd_noise(drawn), odd_result(drawn), odd_reports(drawn)]

    assert draw(5) == draw(5)
    assert len({str(draw(seed)) for seed in range(20)}) > 10
    assert all(make(random.Random(1)).endswith(b"\n") for make in NOISE)
    assert all(make(random.Random(1)) is not None for make in RESULTS)
