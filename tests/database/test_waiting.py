"""Why a job waits: the workers' side of it, and the promise that "next in line" is claimed next."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from scriptjobs.database import Database
from scriptjobs.store.waiting import add_prerequisites, read_waiting
from tests.factories import add_job, add_member, add_worker, change, claim, must_claim, why

pytestmark = pytest.mark.anyio


async def test_without_a_worker_it_says_since_when(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)
    never = await why(database, id_)
    await add_worker(database, alive_s=-1)
    gone = await why(database, id_)

    assert (never.code, never.until) == ("NO_WORKER", None)
    assert (gone.code, gone.until is not None) == ("NO_WORKER", True)


async def test_a_worker_that_stops_or_does_not_know_the_type_does_not_count(database: Database) -> None:
    async with database.as_service() as connection:
        unknown = await add_job(connection, job_type="finalise-onboarding")
        known = await add_job(connection)
    await add_worker(database)

    assert (await why(database, unknown)).code == "NO_WORKER"
    assert (await why(database, known)).code == "NEXT"  # the unknown one stands before it, but nobody can take it
    await change(database, "update public.script_job_workers set is_stopping = true")
    assert (await why(database, known)).code == "NO_WORKER"


async def test_busy_slots_and_the_place_in_the_line(database: Database) -> None:
    async with database.as_service() as connection:
        ids = [await add_job(connection, created_at=f"=now() - interval '{9 - n} minutes'") for n in range(5)]
        urgent = await add_job(connection, priority=1)
    await add_worker(database, slots=2)
    first, _ = await must_claim(database), await must_claim(database)

    places = {id_: await why(database, id_) for id_ in ids[1:]}

    assert first.id == urgent
    assert [(found.code, found.place, found.slots) for found in places.values()] == [
        ("SLOTS_BUSY", 1, 2), ("SLOTS_BUSY", 2, 2), ("SLOTS_BUSY", 3, 2), ("SLOTS_BUSY", 4, 2),
    ]  # fmt: skip


async def test_behind_the_first_hundred_the_place_is_not_counted(database: Database) -> None:
    async with database.as_service() as connection:
        many = "insert into public.script_jobs (job_type) select 'add-item-tags' from generate_series(1, 150)"
        await connection.execute(text(many))
        last = await add_job(connection, created_at="=now() + interval '1 second'")
    await add_worker(database)

    assert (await why(database, last)).place is None


async def test_a_caller_learns_nothing_of_other_organisations(database: Database) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    _, two = await add_member(database, "zoe@x", "Two")
    async with database.as_service() as connection:
        theirs = await add_job(connection, organisation_id=two, concurrency_key="k", concurrency_limit=1)
    await must_claim(database)
    async with database.as_service() as connection:
        mine = await add_job(connection, organisation_id=one, concurrency_key="k", concurrency_limit=1)
        hidden = await add_job(connection, organisation_id=two)
    async with database.as_caller(ana) as connection:
        told = await read_waiting(connection, [mine, hidden, theirs], 0)

    assert set(told) == {mine}
    assert (told[mine].code, told[mine].other_job_id, told[mine].other_id) == ("ACCOUNT_BUSY", None, None)


# A world of jobs: each waits for one thing or another, or for nothing.
JOBS = st.lists(
    st.fixed_dictionaries(
        {
            "priority": st.integers(-1, 1),
            "age": st.integers(0, 5),
            "account": st.sampled_from([None, "a", "b"]),
            "rate": st.sampled_from([None, None, "r"]),
            "later": st.sampled_from([None, None, "run_at", "next_retry_at"]),
            "job_type": st.sampled_from(["add-item-tags", "create-api-key"]),
            "needs": st.sampled_from([None, None, None, 0, 1]),
            "organisation": st.integers(0, 1),
        }
    ),
    min_size=1,
    max_size=10,
)


async def _build(database: Database, world: list[dict[str, Any]], pauses: set[str]) -> list[UUID]:
    await change(database, "delete from public.script_jobs")
    await change(database, "delete from public.script_job_pauses")
    organisations = [(await add_member(database, "ana@x", name))[1] for name in ("One", "Two")]
    ids: list[UUID] = []
    async with database.as_service() as connection:
        for scope in pauses:
            await connection.execute(
                text("insert into public.script_job_pauses (scope, reason, paused_by) values (:scope, 'r', 'b')"),
                {"scope": scope},
            )
        for job in world:
            values: dict[str, Any] = {
                "priority": job["priority"], "created_at": f"=now() - interval '{job['age']} minutes'",
                "job_type": job["job_type"], "organisation_id": organisations[job["organisation"]],
                "concurrency_key": job["account"], "concurrency_limit": 1,
                "rate_key": job["rate"], "rate_interval_ms": 60_000,
            }  # fmt: skip
            if job["later"]:
                values[job["later"]] = "=now() + interval '1 hour'"
            id_ = await add_job(connection, **values)
            if job["needs"] is not None and job["needs"] < len(ids):
                await add_prerequisites(connection, id_, [ids[job["needs"]]])
            ids.append(id_)
    return ids


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=JOBS, pauses=st.sets(st.sampled_from(["*", "add-item-tags"]), max_size=1), share=st.integers(0, 2))
async def test_who_is_next_in_line_is_claimed_next(
    database: Database, world: list[dict[str, Any]], pauses: set[str], share: int
) -> None:
    """Job after job, until nothing more can be claimed: what the claim takes said NEXT, and nothing else did."""
    ids = await _build(database, world, pauses)
    await add_worker(database, slots=50)
    while True:
        async with database.as_service() as connection:
            told = await read_waiting(connection, ids, share)
        said = {id_ for id_, waiting in told.items() if waiting.code == "NEXT"}
        taken = await claim(database, share=share)
        reasons = {ids.index(id_): (waiting.code, waiting.place) for id_, waiting in told.items()}
        assert said == ({taken.id} if taken else set()), (reasons, taken and ids.index(taken.id))
        if taken is None:
            break
    assert not {waiting.code for waiting in told.values()} & {"NEXT", "SLOTS_BUSY", "NO_WORKER"}
