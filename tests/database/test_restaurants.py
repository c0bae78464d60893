"""One script at a time in a restaurant, however it is named; and what is kept of the passwords of ended jobs."""

import asyncio
from uuid import UUID

import pytest

from scriptjobs.database import Database
from scriptjobs.jobs import ClaimedJob
from scriptjobs.store.actions import erase_secrets, retry_job
from scriptjobs.worker.pruner import cleanup_old_secrets
from tests.factories import add_job, add_member, add_worker, all_rows, change, claim, must_claim, row, why

pytestmark = pytest.mark.anyio

SEALED = {"email": "a@x", "password": {"$sealed": "secret"}, "rows": [{"code": {"$sealed": "other"}, "name": "n"}]}
ERASED = {"email": "a@x", "password": {"$erased": True}, "rows": [{"code": {"$erased": True}, "name": "n"}]}


async def job(database: Database, **values: object) -> UUID:
    async with database.as_service() as connection:
        return await add_job(connection, **values)


async def end(database: Database, claimed: ClaimedJob, status: str = "completed") -> None:
    await change(database, f"update public.script_job_attempts set ended_at = now(), outcome = '{status}' "
                           "where ended_at is null and job_id = :id", id=claimed.id)  # fmt: skip
    await change(database, f"update public.script_jobs set status = '{status}' where id = :id", id=claimed.id)


@pytest.fixture
async def restaurant(database: Database) -> UUID:
    _, organisation_id = await add_member(database, "ana@x", "One")
    [found] = await all_rows(
        database,
        "insert into public.pumpd_restaurants (organisation_id) values (:id) returning id", id=organisation_id,
    )  # fmt: skip
    return found["id"]


@pytest.mark.parametrize("named", ["by its record", "by account and name", "one of each"])
async def test_the_second_job_of_a_restaurant_waits_for_the_first(
    database: Database, restaurant: UUID, named: str
) -> None:
    record = {"restaurant_id": restaurant}
    name = {"restaurant_key": "portal ana thai house"}
    one, two = {"by its record": (record, record), "by account and name": (name, name),
                "one of each": (record | name, name)}[named]  # fmt: skip
    first = await job(database, **one)
    second = await job(database, job_type="create-api-key", **two)
    beside = await job(database, job_type="create-api-key", restaurant_key="portal ana curry house")
    await add_worker(database, slots=9)

    running, jumped = await must_claim(database), await must_claim(database)
    waiting, nothing = await why(database, second), await claim(database)
    await end(database, running)

    assert (running.id, jumped.id, nothing) == (first, beside, None)
    assert (waiting.code, waiting.other_id) == ("RESTAURANT_BUSY", first)
    assert (await must_claim(database)).id == second


async def test_a_higher_limit_lets_more_run(database: Database) -> None:
    for _ in range(3):
        await job(database, restaurant_key="r", restaurant_limit=2)
    await add_worker(database, slots=9)

    assert await claim(database) is not None
    assert await claim(database) is not None
    assert await claim(database) is None


async def test_many_claimers_never_exceed_one_in_a_restaurant(database: Database) -> None:
    for number in range(24):
        await job(database, restaurant_key=f"r{number % 3}")
    running: set[str] = set()

    async def work(name: str) -> int:
        done = 0
        for _ in range(80):
            claimed = await claim(database, name)
            if claimed is None:
                await asyncio.sleep(0)
                continue
            found = await all_rows(
                database, "select restaurant_key, count(*) from public.script_jobs where status = 'in_progress' "
                          "group by 1 having count(*) > 1"
            )  # fmt: skip
            running.update(str(each["restaurant_key"]) for each in found)
            await end(database, claimed)
            done += 1
        return done

    done = sum(await asyncio.gather(*(work(f"w{n}") for n in range(4))))

    assert (running, done) == (set(), 24)


async def test_secrets_are_erased_a_week_after_a_job_failed(database: Database) -> None:
    old, fresh, bare = [await job(database, input_payload=payload) for payload in (SEALED, SEALED, {"name": "n"})]
    await add_worker(database, slots=9)
    for _ in range(3):
        await end(database, await must_claim(database), "failed")
    await change(database, "update public.script_jobs set completed_at = now() - interval '8 days' where id = any (:ids)",
                 ids=[old, bare])  # fmt: skip

    erased = await cleanup_old_secrets(database)
    async with database.as_service() as connection:
        outcomes = [(await retry_job(connection, id_, from_start=False))[0] for id_ in (old, fresh, bare)]

    assert erased == 2
    assert (await row(database, old))["input_payload"] == ERASED
    assert (await row(database, fresh))["input_payload"] == SEALED
    assert outcomes == ["erased", "retried", "retried"]
    assert await cleanup_old_secrets(database) == 0


async def test_secrets_are_erased_on_request_and_only_of_ended_jobs(database: Database) -> None:
    id_ = await job(database, input_payload=SEALED)
    async with database.as_service() as connection:
        waiting = await erase_secrets(connection, id_)
    await change(database, "update public.script_jobs set status = 'cancelled'")
    async with database.as_service() as connection:
        ended = await erase_secrets(connection, id_)
        again = await erase_secrets(connection, id_)

    after = await row(database, id_)
    assert (waiting, ended, again) == (("refused", "pending"), ("erased", "cancelled"), ("erased", "cancelled"))
    assert (after["input_payload"], after["lacks_secrets"]) == (ERASED, True)
