"""How attempts end, the fence, and races between the actors."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from scriptjobs.database import Database
from scriptjobs.errors import FenceLost
from scriptjobs.events import Checkpoint, Log, Progress, StepChanged
from scriptjobs.jobs import ClaimedJob, JobStatus, SealedPayload
from scriptjobs.store.leases import renew_leases
from scriptjobs.store.outcomes import FailedAttempt, mark_job_failed, release_job, update_job_result
from scriptjobs.store.progress import Report, update_job_progress
from scriptjobs.worker.lifeline import COMES_BACK_S, recover_orphaned_jobs
from tests.factories import BEAT, add_job, add_worker, all_rows, change, claim, must_claim, row

pytestmark = pytest.mark.anyio

RETRYABLE = FailedAttempt(code="ETIMEDOUT", message="no answer", retryable=True)
FINAL = FailedAttempt(code="INVALID_CREDENTIALS", message="wrong", retryable=False)


async def new_claim(database: Database, lease_s: float = 20, **values: object) -> ClaimedJob:
    async with database.as_service() as connection:
        await add_job(connection, **values)
    return await must_claim(database, lease_s=lease_s)


async def complete(database: Database, job: ClaimedJob) -> None:
    async with database.as_service("worker:w1") as connection:
        await update_job_result(
            connection,
            id_=job.id,
            fence=job.fence,
            actor="worker:w1",
            result={"success": True},
            payload=SealedPayload({"kept": 1}),
        )


async def fail(database: Database, job: ClaimedJob, failed: FailedAttempt = RETRYABLE) -> JobStatus:
    async with database.as_service("worker:w1") as connection:
        return await mark_job_failed(connection, id_=job.id, fence=job.fence, failed=failed)


async def release(database: Database, job: ClaimedJob) -> None:
    async with database.as_service("worker:w1") as connection:
        await release_job(connection, id_=job.id, fence=job.fence)


async def report(database: Database, job: ClaimedJob, **parts: object) -> None:
    async with database.as_service("worker:w1") as connection:
        await update_job_progress(connection, job, Report(**parts))  # type: ignore[arg-type]


async def lapse(database: Database, job: ClaimedJob) -> None:
    await change(
        database, "update public.script_job_attempts set lease_expires_at = now() - interval '1 s' where id = :id",
        id=job.fence,
    )  # fmt: skip


async def test_a_completed_job_has_its_result_and_an_ended_attempt(database: Database) -> None:
    job = await new_claim(database)

    await complete(database, job)

    done = await row(database, job.id)
    [attempt] = await all_rows(database, "select outcome, ended_at from public.script_job_attempts")
    events = await all_rows(database, "select kind from public.script_job_events order by id")
    assert (done["status"], done["result"], done["progress_percent"]) == ("completed", {"success": True}, 100)
    assert done["input_payload"] == {"kept": 1}
    assert attempt["outcome"] == "completed"
    assert [event["kind"] for event in events[-2:]] == ["result", "status"]


async def test_retries_wait_5_10_and_20_seconds_then_the_job_fails(database: Database) -> None:
    job = await new_claim(database)
    waits = []
    for _ in range(3):
        assert await fail(database, job) is JobStatus.PENDING
        waits += await all_rows(
            database, "select extract(epoch from next_retry_at - updated_at) as s, retry_count from public.script_jobs"
        )
        await change(database, "update public.script_jobs set next_retry_at = null")
        job = await must_claim(database)

    last = await fail(database, job)

    done = await row(database, job.id)
    assert [(float(wait["s"]), wait["retry_count"]) for wait in waits] == [(5, 1), (10, 2), (20, 3)]
    assert last is JobStatus.FAILED
    assert (done["error_code"], done["error_message"], done["retry_count"]) == ("ETIMEDOUT", "no answer", 3)


async def test_a_final_error_fails_at_once(database: Database) -> None:
    job = await new_claim(database)

    assert await fail(database, job, FINAL) is JobStatus.FAILED


async def test_a_timeout_without_retries_is_timed_out(database: Database) -> None:
    job = await new_claim(database, max_retries=0)
    failed = FailedAttempt(code="TIMEOUT", message="", retryable=True, outcome="timed_out", final=JobStatus.TIMED_OUT)

    assert await fail(database, job, failed) is JobStatus.TIMED_OUT


async def test_a_released_job_is_the_next_one_and_uses_no_retry(database: Database) -> None:
    job = await new_claim(database)
    async with database.as_service() as connection:
        await add_job(connection)

    await release(database, job)

    again = await must_claim(database)
    assert again.id == job.id
    assert again.attempt == 2
    assert (await row(database, job.id))["retry_count"] == 0


async def test_a_report_is_written_whole(database: Database) -> None:
    job = await new_claim(database)

    await report(
        database, job, progress=Progress(percent=40, message="half"),
        steps=[StepChanged(state="done", position=1, total=3, title="One", duration_ms=12),
               StepChanged(state="running", position=2, total=3, title="Two")],
        logs=[Log(text="a"), Log(text="b", level="error")], checkpoints=[Checkpoint(name="c", value=[1])],
    )  # fmt: skip

    shown = await row(database, job.id)
    events = await all_rows(database, "select kind, data from public.script_job_events order by id")
    assert (shown["progress_percent"], shown["progress_message"], shown["current_step"], shown["total_steps"]) == (
        40, "half", 2, 3,
    )  # fmt: skip
    assert [event["kind"] for event in events[2:]] == ["step", "step", "progress", "log", "log"]
    assert events[2]["data"]["durationMs"] == 12
    assert [event["data"]["text"] for event in events[-2:]] == ["a", "b"]
    assert await all_rows(database, "select name, value from public.script_job_checkpoints") == [
        {"name": "c", "value": [1]}
    ]


async def test_percent_never_goes_down_within_an_attempt(database: Database) -> None:
    job = await new_claim(database)

    await report(database, job, progress=Progress(percent=60))
    await report(database, job, progress=Progress(percent=30, message="lower"))

    assert (await row(database, job.id))["progress_percent"] == 60


async def test_a_dead_workers_job_gets_its_next_try(database: Database) -> None:
    job = await new_claim(database)
    await lapse(database, job)

    rescued = await recover_orphaned_jobs(database, "sweeper")

    after = await row(database, job.id)
    assert rescued == 1
    assert (after["status"], after["error_code"], after["retry_count"]) == ("pending", "WORKER_DIED", 0)
    assert await recover_orphaned_jobs(database, "sweeper") == 0


async def test_a_job_that_stops_its_worker_twice_is_not_handed_to_a_third(database: Database) -> None:
    for worker_id in ("w1", "w2"):
        await add_worker(database, worker_id, alive_s=-COMES_BACK_S + 5)
    job = await new_claim(database)
    await lapse(database, job)
    await recover_orphaned_jobs(database, "sweeper")
    await change(database, "update public.script_jobs set next_retry_at = null")
    await lapse(database, await must_claim(database, "w2"))

    await recover_orphaned_jobs(database, "sweeper")
    waits = await row(database, job.id)
    await change(database, "update public.script_job_workers set alive_until = alive_until - interval '1 minute'")
    await recover_orphaned_jobs(database, "sweeper")

    after = await row(database, job.id)
    assert waits["status"] == "in_progress"  # it may come back
    assert (after["status"], after["error_code"]) == ("failed", "WORKER_DIED")
    assert "stopped 2 times" in after["error_message"]


LATE_WRITES: dict[str, Callable[[Database, ClaimedJob], Awaitable[object]]] = {
    "complete": complete,
    "fail": fail,
    "release": release,
    "report": lambda database, job: report(database, job, logs=[Log(text="late")]),
}


@pytest.mark.parametrize("write", LATE_WRITES)
async def test_a_late_write_of_a_dead_worker_is_refused(database: Database, write: str) -> None:
    job = await new_claim(database)
    await lapse(database, job)
    await recover_orphaned_jobs(database, "sweeper")
    await change(database, "update public.script_jobs set next_retry_at = null")
    second = await must_claim(database, "w2")
    before = await row(database, job.id)

    with pytest.raises(FenceLost):
        await LATE_WRITES[write](database, job)

    assert await row(database, job.id) == before
    async with database.as_service() as connection:
        assert await renew_leases(connection, BEAT, [job.fence, second.fence], lease_s=20, is_stopping=False) == {
            second.fence
        }


async def test_a_renewed_lease_is_not_rescued(database: Database) -> None:
    job = await new_claim(database)
    await lapse(database, job)
    async with database.as_service() as connection:
        assert await renew_leases(connection, BEAT, [job.fence], lease_s=20, is_stopping=False) == {job.fence}

    assert await recover_orphaned_jobs(database, "sweeper") == 0


async def _cancel(database: Database, job: ClaimedJob) -> None:
    await change(database, "select outcome from public.script_jobs_cancel(:id)", id=job.id)


async def _rescue(database: Database, job: ClaimedJob) -> None:
    await lapse(database, job)
    await recover_orphaned_jobs(database, "sweeper")


ACTORS: dict[str, Callable[[Database, ClaimedJob], Awaitable[object]]] = {
    "complete": complete,
    "fail": lambda database, job: fail(database, job, FINAL),
    "release": release,
    "rescue": _rescue,
    "cancel": _cancel,
}


async def _outcomes(database: Database, id_: UUID) -> list[str]:
    rows = await all_rows(
        database, "select outcome from public.script_job_attempts where job_id = :id and outcome is not null", id=id_
    )
    return [item["outcome"] for item in rows]


@pytest.mark.parametrize("order", list(itertools.permutations(ACTORS, 3)), ids="-".join)
async def test_in_every_order_one_actor_ends_the_attempt(database: Database, order: tuple[str, ...]) -> None:
    job = await new_claim(database)

    for name in order:
        try:
            await ACTORS[name](database, job)
        except FenceLost:
            continue

    assert len(await _outcomes(database, job.id)) == 1


@pytest.mark.parametrize("pair", list(itertools.combinations(ACTORS, 2)), ids="-".join)
async def test_at_the_same_moment_one_actor_ends_the_attempt(database: Database, pair: tuple[str, str]) -> None:
    for _ in range(5):
        job = await new_claim(database)
        await asyncio.gather(*(ACTORS[name](database, job) for name in pair), return_exceptions=True)
        assert len(await _outcomes(database, job.id)) == 1
        await change(database, "delete from public.script_jobs")


async def test_cancel_against_claim_ends_in_exactly_one(database: Database) -> None:
    ends = set()
    for _ in range(40):
        async with database.as_service() as connection:
            id_ = await add_job(connection)

        async def cancel(job: UUID = id_) -> str:
            async with database.as_service() as connection:
                found = await connection.execute(
                    text("select outcome from public.script_jobs_cancel(:id)"), {"id": job}
                )
                return found.scalar_one()

        outcome, claimed = await asyncio.gather(cancel(), claim(database))
        status = (await row(database, id_))["status"]

        assert (outcome == "cancelled") == (status == "cancelled") == (claimed is None)
        ends.add(status)
        await change(database, "delete from public.script_jobs")
    assert ends <= {"cancelled", "in_progress"}


async def test_one_worker_that_dies_has_died_once(database: Database) -> None:
    """It lost the job to an outage, took it again, and died."""
    await add_worker(database, "w1")
    job = await new_claim(database)
    await lapse(database, job)
    await recover_orphaned_jobs(database, "sweeper")
    await change(database, "update public.script_jobs set next_retry_at = null")
    await lapse(database, await must_claim(database))
    silent = "update public.script_job_workers set alive_until = now(), heartbeat_at = now() - interval '1 hour'"
    await change(database, silent)

    await recover_orphaned_jobs(database, "sweeper")

    assert (await row(database, job.id))["status"] == "pending"


async def test_a_worker_that_stopped_properly_has_not_died(database: Database) -> None:
    """An outage cost it the job; it came back, and was updated."""
    job = await new_claim(database)
    await lapse(database, job)
    await recover_orphaned_jobs(database, "sweeper")
    await change(database, "update public.script_jobs set next_retry_at = null")
    await add_worker(database, "w2", alive_s=-1)
    await lapse(database, await must_claim(database, "w2"))

    await recover_orphaned_jobs(database, "sweeper")

    assert (await row(database, job.id))["status"] == "pending"
