"""Status moves, times and invariants, held by the database itself."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scriptjobs.database import Database
from scriptjobs.jobs import LEGAL_MOVES, JobStatus
from tests.factories import add_job, all_rows, change, must_claim, row

pytestmark = pytest.mark.anyio


async def test_the_database_knows_the_same_moves_as_the_code(database: Database) -> None:
    pairs = [(before, after) for before in JobStatus for after in JobStatus]

    rows = await all_rows(
        database,
        "select b, a, public.script_jobs_is_legal_move(b, a) as legal "
        "from unnest(enum_range(null::public.script_job_status)) b, unnest(enum_range(null::public.script_job_status)) a",
    )

    assert {(item["b"], item["a"]): item["legal"] for item in rows} == {
        (before.value, after.value): after in LEGAL_MOVES[before] for before, after in pairs
    }


@pytest.mark.parametrize("before", list(JobStatus))
async def test_an_illegal_move_is_refused(database: Database, before: JobStatus) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection, status=before.value, attempt_id=1)

    for after in set(JobStatus) - LEGAL_MOVES[before] - {before}:
        with pytest.raises(DBAPIError, match="cannot go from"):
            await change(database, f"update public.script_jobs set status = '{after}' where id = :id", id=id_)
    for after in LEGAL_MOVES[before]:
        async with database.as_service() as connection:
            statement = f"update public.script_jobs set status = '{after}' where id = :id"
            assert (await connection.execute(text(statement), {"id": id_})).rowcount == 1
            await connection.rollback()


async def test_times_follow_the_moves(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection, timeout_ms=90_000)
    waiting = await row(database, id_)
    await must_claim(database)
    running = await row(database, id_)
    await change(database, "update public.script_jobs set status = 'completed' where id = :id", id=id_)
    done = await row(database, id_)

    assert waiting["started_at"] is None
    assert running["started_at"] is not None
    assert (running["timeout_at"] - running["started_at"]).total_seconds() == 90
    assert running["updated_at"] > waiting["updated_at"]
    assert done["completed_at"] is not None


async def test_a_cancelled_job_says_when_and_a_retried_one_forgets_it(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)
    await change(database, "select outcome from public.script_jobs_cancel(:id)", id=id_)
    cancelled = await row(database, id_)
    await change(database, "select outcome from public.script_jobs_retry(:id, false)", id=id_)
    again = await row(database, id_)

    assert cancelled["cancelled_at"] is not None
    assert cancelled["completed_at"] is not None
    assert (again["status"], again["cancelled_at"], again["completed_at"]) == ("pending", None, None)


async def test_a_running_job_without_an_attempt_cannot_exist(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)

    with pytest.raises(DBAPIError, match="a_running_job_has_an_attempt"):
        await change(database, "update public.script_jobs set status = 'in_progress' where id = :id", id=id_)


@pytest.mark.parametrize("percent", [-1, 101])
async def test_progress_stays_between_0_and_100(database: Database, percent: int) -> None:
    with pytest.raises(DBAPIError, match="progress_percent"):
        async with database.as_service() as connection:
            await add_job(connection, progress_percent=percent)


async def test_the_human_id_has_its_form(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)

    job_id = (await row(database, id_))["job_id"]

    assert len(job_id) == len("JOB_20260131_090000_0123abcd")
    assert job_id.startswith("JOB_20")


async def test_every_move_becomes_an_event_with_its_actor(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)
    await must_claim(database, "w7")
    await change(database, "update public.script_jobs set status = 'completed' where id = :id", id=id_)

    events = await all_rows(
        database, "select kind, actor, data ->> 'status' as status from public.script_job_events order by id"
    )

    assert [(event["kind"], event["status"]) for event in events] == [
        ("status", "pending"), ("status", "in_progress"), ("status", "completed"),
    ]  # fmt: skip
    assert events[1]["actor"] == "worker:w7"


async def test_a_deleted_job_takes_everything_along(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection)
    await must_claim(database)

    await change(database, "delete from public.script_jobs where id = :id", id=id_)

    for table in ("attempts", "steps", "events", "files", "checkpoints"):
        assert await all_rows(database, f"select 1 from public.script_job_{table}") == []
