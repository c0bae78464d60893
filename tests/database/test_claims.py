"""Claiming: order, conditions, and many claimers at once."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from scriptjobs.database import Database
from tests.factories import add_job, all_rows, claim, must_claim, row

pytestmark = pytest.mark.anyio


async def test_priority_first_then_age(database: Database) -> None:
    async with database.as_service() as connection:
        old = await add_job(connection, created_at="=now() - interval '2 hours'")
        new = await add_job(connection, created_at="=now() - interval '1 hour'")
        urgent = await add_job(connection, priority=5)
        queued = await add_job(connection, status="queued", created_at="=now() - interval '3 hours'")

    claimed = [(await must_claim(database)).id for _ in range(4)]

    assert claimed == [urgent, queued, old, new]
    assert await claim(database) is None


@pytest.mark.parametrize(
    "values",
    [
        {"next_retry_at": "=now() + interval '1 minute'"},
        {"run_at": "=now() + interval '1 minute'"},
        {"status": "completed"},
        {"status": "failed"},
        {"status": "cancelled"},
        {"job_type": "finalise-onboarding"},
    ],
)
async def test_what_may_not_run_is_not_claimed(database: Database, values: dict[str, str]) -> None:
    async with database.as_service() as connection:
        await add_job(connection, **values)

    assert await claim(database) is None


async def test_a_claim_gives_lease_fence_and_attempt(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection, input_payload={"a": 1})

    claimed = await must_claim(database, "w1", lease_s=20)

    job = await row(database, id_)
    [attempt] = await all_rows(database, "select *, lease_expires_at - now() as left from public.script_job_attempts")
    assert claimed.payload == {"a": 1}
    assert (job["status"], job["worker_id"], job["attempt_id"], job["attempt_count"]) == (
        "in_progress", "w1", claimed.fence, 1,
    )  # fmt: skip
    assert 18 < attempt["left"].total_seconds() <= 20


async def test_twenty_claimers_take_each_job_once(database: Database) -> None:
    async with database.as_service() as connection:
        for _ in range(60):
            await add_job(connection)

    async def drain(name: str) -> list[int]:
        fences = []
        while claimed := await claim(database, name):
            fences.append(claimed.id)
        return fences

    taken = [id_ for ids in await asyncio.gather(*(drain(f"w{n}") for n in range(20))) for id_ in ids]

    assert len(taken) == 60
    assert max(Counter(taken).values()) == 1


async def test_a_claim_reads_one_index_whatever_the_history(database: Database) -> None:
    async with database.as_service() as connection:
        await connection.execute(
            text(
                "insert into public.script_jobs (job_type, status, created_at) select 'add-item-tags', 'completed', "
                "now() - n * interval '1 second' from generate_series(1, 20000) n"
            )
        )
        await add_job(connection)
    plan = await all_rows(
        database,
        "explain (format text) select id from public.script_jobs where status in ('pending', 'queued') "
        "and held_by is null order by priority desc, created_at, id limit 1 for update skip locked",
    )

    words = "\n".join(line["QUERY PLAN"] for line in plan)

    assert "script_jobs_line" in words
    assert "Sort" not in words


async def test_a_second_attempt_brings_the_checkpoints_of_the_first(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection, attempt_count=1)
        await connection.execute(
            text(
                "insert into public.script_job_checkpoints (job_id, name, value, attempt) values (:id, 'tag:a', '1', 1)"
            ),
            {"id": id_},
        )

    assert (await must_claim(database)).checkpoints == {"tag:a": 1}
