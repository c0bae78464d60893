"""What decides when a job may run: times, prerequisites, keys, rates, pauses, shares; and the line beside them."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scriptjobs.database import Database
from scriptjobs.jobs import ClaimedJob, SealedPayload
from scriptjobs.store.actions import cancel_rest, retry_job, run_job_now
from scriptjobs.store.claims import claim_next_jobs
from scriptjobs.store.outcomes import FailedAttempt, mark_job_failed, update_job_result
from scriptjobs.store.waiting import add_prerequisites, pause, resume
from tests.factories import TYPES, add_job, add_member, add_worker, all_rows, change, claim, must_claim, row, why

pytestmark = pytest.mark.anyio


async def job(database: Database, *needs: UUID, **values: object) -> UUID:
    async with database.as_service() as connection:
        id_ = await add_job(connection, **values)
        await add_prerequisites(connection, id_, list(needs))
        return id_


async def complete(database: Database, claimed: ClaimedJob) -> None:
    async with database.as_service("worker:w1") as connection:
        await update_job_result(
            connection, id_=claimed.id, fence=claimed.fence, actor="worker:w1", result={}, payload=SealedPayload({})
        )


async def fail(database: Database, claimed: ClaimedJob) -> None:
    failed = FailedAttempt(code="VALIDATION_ERROR", message="no")
    async with database.as_service("worker:w1") as connection:
        await mark_job_failed(connection, id_=claimed.id, fence=claimed.fence, failed=failed)


async def claimed_id(database: Database, share: int = 0) -> UUID | None:
    claimed = await claim(database, share=share)
    return claimed.id if claimed else None


async def test_a_scheduled_job_starts_when_its_time_has_come(database: Database) -> None:
    id_ = await job(database, run_at="=now() + interval '1 hour'")
    await add_worker(database)

    waiting = await why(database, id_)
    early = await claim(database)
    await change(database, "update public.script_jobs set run_at = now() - interval '1 second'")

    assert (waiting.code, early) == ("SCHEDULED", None)
    assert (await must_claim(database)).id == id_


async def test_time_that_passes_brings_a_job_back_into_line(database: Database) -> None:
    id_ = await job(database, run_at="=now() + interval '0.3 second'")
    await add_worker(database)

    assert (await row(database, id_))["held_by"] == "time"
    await asyncio.sleep(0.35)
    assert (await why(database, id_)).code == "NEXT"
    assert (await must_claim(database)).id == id_


async def test_a_dependent_runs_when_all_that_it_needs_has_completed(database: Database) -> None:
    first, second = await job(database), await job(database)
    last = await job(database, first, second, priority=10)
    await add_worker(database, slots=5)

    one = await must_claim(database)
    two = await must_claim(database)
    waiting = await why(database, last)
    await complete(database, one)
    still = await claim(database)
    await complete(database, two)

    assert {one.id, two.id} == {first, second}
    assert (waiting.code, waiting.other_id) == ("PREREQUISITE_OPEN", first)
    assert still is None
    assert (await must_claim(database)).id == last


async def test_a_failed_prerequisite_blocks_visibly_until_somebody_decides(database: Database) -> None:
    first = await job(database)
    last = await job(database, first)
    await fail(database, await must_claim(database))
    blocked = await why(database, last)
    nothing = await claim(database)
    async with database.as_service() as connection:
        await run_job_now(connection, last)

    assert (blocked.code, blocked.other_id, nothing) == ("PREREQUISITE_FAILED", first, None)
    assert (await must_claim(database)).id == last


async def test_a_prerequisite_that_is_retried_frees_its_dependents(database: Database) -> None:
    first = await job(database)
    last = await job(database, first)
    await fail(database, await must_claim(database))
    assert await claim(database) is None
    async with database.as_service() as connection:
        await retry_job(connection, first, from_start=False)
    await complete(database, await must_claim(database))

    assert (await must_claim(database)).id == last


async def test_cancel_the_rest_takes_all_that_wait_for_the_failed_one(database: Database) -> None:
    first = await job(database)
    second = await job(database, first)
    third = await job(database, second)
    beside = await job(database, first)
    other = await job(database)
    await fail(database, await must_claim(database))
    async with database.as_service() as connection:
        cancelled = await cancel_rest(connection, second)

    states = {id_: (await row(database, id_))["status"] for id_ in (second, third, beside, other)}
    assert len(cancelled) == 3
    assert states == {second: "cancelled", third: "cancelled", beside: "cancelled", other: "pending"}


async def test_a_cycle_is_refused(database: Database) -> None:
    first = await job(database)
    second = await job(database, first)
    third = await job(database, second)

    with pytest.raises(DBAPIError, match="cycle"):
        async with database.as_service() as connection:
            await add_prerequisites(connection, first, [third])
    with pytest.raises(DBAPIError, match=r"itself|cycle"):
        async with database.as_service() as connection:
            await add_prerequisites(connection, first, [first])


async def test_two_jobs_at_once_with_one_account_and_the_third_when_one_has_ended(database: Database) -> None:
    for _ in range(3):
        await job(database, concurrency_key="portal ana")
    other = await job(database, concurrency_key="portal bob")
    await add_worker(database, slots=9)

    one, two = await must_claim(database), await must_claim(database)
    jumped = await must_claim(database)
    [third] = await all_rows(database, "select id from public.script_jobs where status = 'pending'")
    waiting = await why(database, third["id"])
    nothing = await claim(database)
    await complete(database, one)

    assert jumped.id == other
    assert (waiting.code, nothing) == ("ACCOUNT_BUSY", None)
    assert waiting.other_id in {one.id, two.id}
    assert (await must_claim(database)).id == third["id"]


async def test_many_claimers_never_exceed_a_limit(database: Database) -> None:
    for number in range(30):
        await job(database, concurrency_key=f"account {number % 3}")
    most = 0

    async def work(name: str) -> int:
        nonlocal most
        done = 0
        while claimed := await claim(database, name):
            [busiest] = await all_rows(
                database, "select coalesce(max(n), 0) as n from (select count(*) as n from public.script_jobs "
                "where status = 'in_progress' group by concurrency_key) c",
            )  # fmt: skip
            most = max(most, busiest["n"])
            await asyncio.sleep(0.02)
            await complete(database, claimed)
            done += 1
        return done

    while sum([*await asyncio.gather(*(work(f"w{number}") for number in range(8)))]):
        pass

    assert most == 2
    assert await all_rows(database, "select 1 from public.script_jobs where status <> 'completed'") == []


async def test_a_rate_lets_one_begin_in_its_interval(database: Database) -> None:
    ids = [await job(database, rate_key="accounts", rate_interval_ms=60_000) for _ in range(2)]
    await add_worker(database)
    async with database.as_service("worker:w1") as connection:
        claims = await claim_next_jobs(connection, worker_id="w1", lease_s=20, job_types=TYPES, share=0, wanted=2)
    waiting = await why(database, ids[1])
    await complete(database, claims.jobs[0])
    early = await claim(database)
    await change(
        database,
        "update public.script_jobs set started_at = now() - interval '61 seconds' where started_at is not null",
    )

    assert [taken.id for taken in claims.jobs] == ids[:1]
    assert (waiting.code, early) == ("PORTAL_RATE", None)
    assert waiting.until is not None
    assert (await must_claim(database)).id == ids[1]


async def test_a_pause_holds_its_type_or_everything_with_its_reason(database: Database) -> None:
    tags, key = await job(database), await job(database, job_type="create-api-key")
    await add_worker(database)
    async with database.as_service() as connection:
        await pause(connection, "add-item-tags", reason="portal down", paused_by="ana")
    waiting = await why(database, tags)
    first = await must_claim(database)
    async with database.as_service() as connection:
        await pause(connection, "*", reason="all down", paused_by="ana")
        await resume(connection, "add-item-tags")
    everything = await why(database, tags)
    nothing = await claim(database)
    async with database.as_service() as connection:
        await resume(connection, "*")

    assert (waiting.code, waiting.note, first.id) == ("PAUSED", "ana: portal down", key)
    assert (everything.note, nothing) == ("ana: all down", None)
    assert (await must_claim(database)).id == tags


async def test_an_organisation_at_its_share_lets_others_pass_while_they_wait(database: Database) -> None:
    one, two = uuid4(), uuid4()
    await change(database, "insert into public.organisations (id, name) values (:a, 'a'), (:b, 'b')", a=one, b=two)
    for _ in range(4):
        await job(database, organisation_id=one)
    late = await job(database, organisation_id=two)
    await add_worker(database, slots=9)

    claims = [await claimed_id(database, share=2) for _ in range(2)]
    [held] = await all_rows(
        database, "select id from public.script_jobs where status = 'pending' and organisation_id = :one "
        "order by created_at, id limit 1", one=one,
    )  # fmt: skip
    waiting = await why(database, held["id"], share=2)

    assert late not in claims
    assert waiting.code == "ORG_SHARE"
    assert await claimed_id(database, share=2) == late
    # Nobody else waits, so nothing is held back for nobody.
    assert await claimed_id(database, share=2) == held["id"]


async def test_a_held_job_returns_by_its_rank(database: Database) -> None:
    """What was put beside the line comes back where it belongs: before a younger one, behind a higher priority."""
    await job(database, concurrency_key="k", concurrency_limit=1)
    running = await must_claim(database)
    old = await job(database, concurrency_key="k", concurrency_limit=1, created_at="=now() - interval '1 hour'")
    assert await claim(database) is None
    urgent = await job(database, priority=1)
    young = await job(database)
    await complete(database, running)

    assert [await claimed_id(database) for _ in range(3)] == [urgent, old, young]


async def test_only_members_may_depend_on_jobs_of_their_own_organisation(database: Database) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    _, two = await add_member(database, "zoe@x", "Two")
    mine = await job(database, organisation_id=one, created_by=ana)
    theirs = await job(database, organisation_id=two)

    async with database.as_caller(ana) as connection:
        await add_prerequisites(connection, mine, [theirs])
        assert (
            await connection.execute(text("select count(*) from public.script_job_prerequisites"))
        ).scalar_one() == 0


async def test_a_session_that_stands_still_in_a_transaction_is_ended(database: Database) -> None:
    """A frozen worker must not keep its locks: with them neither rescue nor sweep could reach its job."""
    async with database.as_service() as connection:
        held = await connection.execute(text("show idle_in_transaction_session_timeout"))
        assert held.scalar_one() == "20s"
