"""Row level security: two organisations, three members and a viewer, asked in the database itself."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scriptjobs.database import Database
from tests.factories import add_job, add_member, all_rows, row

pytestmark = pytest.mark.anyio


@pytest.fixture
async def people(database: Database) -> dict[str, UUID]:
    ana, one = await add_member(database, "ana@one", "One")
    bob, _ = await add_member(database, "bob@one", "One")
    vic, _ = await add_member(database, "vic@one", "One", "viewer")
    zoe, two = await add_member(database, "zoe@two", "Two")
    return {"ana": ana, "bob": bob, "vic": vic, "zoe": zoe, "one": one, "two": two}


async def job_of(database: Database, people: dict[str, UUID], **values: object) -> UUID:
    async with database.as_service() as connection:
        return await add_job(connection, organisation_id=people["one"], created_by=people["ana"], **values)


TABLES = ["script_jobs", "script_job_attempts", "script_job_events", "script_job_steps", "script_job_files",
          "script_job_checkpoints"]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
async def test_members_see_their_rows_and_others_none(database: Database, people: dict[str, UUID], table: str) -> None:
    id_ = await job_of(database, people)
    async with database.as_service() as connection:
        for statement in (
            "insert into public.script_job_attempts (job_id, number, worker_id, lease_expires_at) values (:id, 1, 'w', now())",
            "insert into public.script_job_steps (job_id, attempt, position, title, state) values (:id, 1, 1, 't', 'done')",
            "insert into public.script_job_checkpoints (job_id, name, attempt) values (:id, 'c', 1)",
            "insert into public.script_job_files (job_id, attempt, name, media_type, size, storage_key) "
            "values (:id, 1, 'n', 'image/jpeg', 1, 'k')",
        ):
            await connection.execute(text(statement), {"id": id_})

    seen = {}
    for name in ("ana", "bob", "vic", "zoe"):
        async with database.as_caller(people[name]) as connection:
            seen[name] = (await connection.execute(text(f"select count(*) from public.{table}"))).scalar_one()

    assert seen["ana"] == seen["bob"] == seen["vic"] > 0
    assert seen["zoe"] == 0


@pytest.mark.parametrize(
    ("who", "organisation", "status", "is_allowed"),
    [
        ("ana", "one", "pending", True),
        ("ana", "two", "pending", False),
        ("vic", "one", "pending", False),
        ("zoe", "one", "pending", False),
    ],
)
async def test_only_members_who_may_act_create_jobs(
    database: Database, people: dict[str, UUID], who: str, organisation: str, status: str, *, is_allowed: bool
) -> None:
    async def insert() -> None:
        async with database.as_caller(people[who]) as connection:
            await add_job(connection, organisation_id=people[organisation], created_by=people[who])

    if is_allowed:
        await insert()
    else:
        with pytest.raises(DBAPIError, match="row-level security"):
            await insert()


async def test_nobody_creates_a_job_in_another_persons_name(database: Database, people: dict[str, UUID]) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.as_caller(people["ana"]) as connection:
            await add_job(connection, organisation_id=people["one"], created_by=people["bob"])


@pytest.mark.parametrize("column", ["status", "result", "worker_id", "attempt_id", "retry_count"])
async def test_a_caller_cannot_set_what_workers_set(database: Database, people: dict[str, UUID], column: str) -> None:
    values = {"status": "completed", "result": "={}", "worker_id": "w", "attempt_id": 1, "retry_count": -5}
    values["result"] = "='{}'::jsonb"
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.as_caller(people["ana"]) as connection:
            await add_job(
                connection, organisation_id=people["one"], created_by=people["ana"], **{column: values[column]}
            )


async def test_the_creator_may_cancel_directly_and_nothing_else(database: Database, people: dict[str, UUID]) -> None:
    id_ = await job_of(database, people)
    cancel = text("update public.script_jobs set status = 'cancelled' where id = :id")

    async with database.as_caller(people["bob"]) as connection:
        by_bob = (await connection.execute(cancel, {"id": id_})).rowcount
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.as_caller(people["ana"]) as connection:
            await connection.execute(
                text("update public.script_jobs set status = 'queued' where id = :id"), {"id": id_}
            )
    async with database.as_caller(people["ana"]) as connection:
        by_ana = (await connection.execute(cancel, {"id": id_})).rowcount

    assert (by_bob, by_ana) == (0, 1)


@pytest.mark.parametrize(("who", "outcome"), [("ana", "cancelled"), ("bob", "cancelled"), ("vic", None), ("zoe", None)])
async def test_colleagues_cancel_through_the_function_viewers_and_strangers_do_not(
    database: Database, people: dict[str, UUID], who: str, outcome: str | None
) -> None:
    id_ = await job_of(database, people)

    async with database.as_caller(people[who]) as connection:
        said = (
            await connection.execute(text("select outcome from public.script_jobs_cancel(:id)"), {"id": id_})
        ).scalar()

    assert said == outcome
    assert (await row(database, id_))["status"] == ("cancelled" if outcome else "pending")


@pytest.mark.parametrize(("who", "outcome"), [("bob", "retried"), ("vic", None), ("zoe", None)])
async def test_retry_follows_the_same_rights(
    database: Database, people: dict[str, UUID], who: str, outcome: str | None
) -> None:
    id_ = await job_of(database, people, status="failed")

    async with database.as_caller(people[who]) as connection:
        said = (
            await connection.execute(text("select outcome from public.script_jobs_retry(:id, false)"), {"id": id_})
        ).scalar()

    assert said == outcome


async def test_the_event_names_who_cancelled(database: Database, people: dict[str, UUID]) -> None:
    id_ = await job_of(database, people)

    async with database.as_caller(people["bob"]) as connection:
        await connection.execute(text("select outcome from public.script_jobs_cancel(:id)"), {"id": id_})

    events = await all_rows(database, "select actor from public.script_job_events order by id desc limit 1")
    assert events[0]["actor"] == f"user:{people['bob']}"


async def test_views_obey_the_callers_rows(database: Database, people: dict[str, UUID]) -> None:
    await job_of(database, people)
    counts = {}
    for name in ("ana", "zoe"):
        async with database.as_caller(people[name]) as connection:
            found = await connection.execute(text("select coalesce(sum(queued), 0) from public.script_jobs_metrics"))
            counts[name] = found.scalar_one()

    assert counts == {"ana": 1, "zoe": 0}


@pytest.mark.parametrize("table", ["script_job_sign_ins", "script_job_sign_in_links"])
async def test_callers_cannot_read_sign_ins(database: Database, people: dict[str, UUID], table: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.as_caller(people["ana"]) as connection:
            await connection.execute(text(f"select * from public.{table}"))


async def test_a_stranger_without_membership_sees_nothing(database: Database, people: dict[str, UUID]) -> None:
    await job_of(database, people)

    async with database.as_caller(uuid4()) as connection:
        assert (await connection.execute(text("select count(*) from public.script_jobs"))).scalar_one() == 0
