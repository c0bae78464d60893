"""A database that is silent, read-only, overloaded or gone: every wait ends, and what passes is told from what does not."""

import asyncio
import contextlib
import time
from collections.abc import Generator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scriptjobs.database import Database, connect
from scriptjobs.errors import DatabaseUnavailable
from scriptjobs.outages import is_passing, is_refusal
from scriptjobs.patience import limited_patience
from tests.lines import Line, line_to

pytestmark = pytest.mark.anyio


@pytest.fixture
def line(dsn: str) -> Generator[Line]:
    with line_to(dsn) as opened:
        yield opened


async def ask(database: Database) -> int:
    async with database.as_service() as connection:
        return (await connection.execute(text("select 1"))).scalar_one()


async def warmed(line: Line, connections: int = 5) -> Database:
    """A pool with so many connections in it."""
    database = Database(line.dsn, pool_size=connections)

    async def hold() -> None:
        async with database.as_service() as connection:
            await connection.execute(text("select pg_sleep(0.1)"))

    await asyncio.gather(*(hold() for _ in range(connections)))
    return database


@pytest.mark.parametrize(("to_server", "to_client"), [(True, True), (True, False), (False, True)])
async def test_pooled_connections_that_went_silent_make_way_for_new_ones(
    line: Line, to_server: bool, to_client: bool
) -> None:
    database = await warmed(line)
    line.silence(to_server=to_server, to_client=to_client, takes_new=True)
    began = time.monotonic()

    with limited_patience():
        answers = [await ask(database)]
    took = time.monotonic() - began
    began = time.monotonic()
    answers += [await ask(database) for _ in range(10)]

    assert answers == [1] * 11
    assert took < 5
    assert time.monotonic() - began < 2  # the others of the pool were not asked one after the other
    await database.close()


async def test_a_silent_database_is_told_in_time_and_forgotten_when_it_is_back(line: Line) -> None:
    database = await warmed(line)
    line.silence()

    async def refused() -> float:
        began = time.monotonic()
        with limited_patience(), pytest.raises(DatabaseUnavailable):
            await ask(database)
        return time.monotonic() - began

    took = await asyncio.gather(*(refused() for _ in range(25)))  # more than the pool holds
    began = time.monotonic()
    ready = await database.is_reachable()
    told = time.monotonic() - began
    line.mend()

    assert max(took) < 6
    assert (ready, told < 4) == (False, True)
    async with asyncio.timeout(10):
        assert await asyncio.gather(*(ask(database) for _ in range(25))) == [1] * 25
    line.silence()
    began = time.monotonic()
    await database.close()
    assert time.monotonic() - began < 4


async def test_a_statement_without_an_answer_ends_by_itself(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scriptjobs.database.STATEMENT_LIMIT_S", 1.0)
    database = Database(line.dsn)

    async def fall_silent() -> None:
        async with database.as_service() as connection:
            line.silence(takes_new=True)
            await connection.execute(text("select 1"))

    with pytest.raises(DatabaseUnavailable):
        await fall_silent()
    assert await ask(database) == 1
    await database.close()


async def test_whoever_is_cancelled_leaves_no_half_used_connection(database: Database) -> None:
    async def hang() -> None:
        async with database.as_service() as connection:
            await connection.execute(text("select pg_sleep(30)"))

    for _ in range(25):  # more than the pool holds
        task = asyncio.create_task(hang())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await ask(database) == 1


PASSING = {
    "read-only": "25006", "a deadlock": "40P01", "serialization": "40001", "a full disk": "53100", "memory": "53200",
    "connections": "53300", "a lock": "55P03", "a time limit": "57014", "a shutdown": "57P01", "a crash": "57P02",
    "starting up": "57P03", "a broken line": "08006", "an idle transaction": "25P03", "input and output": "58030",
}  # fmt: skip
REFUSED = {"a value": "22P02", "a NUL": "22P05", "a constraint": "23505", "a check": "23514", "a depth": "54001"}


async def fault_of(database: Database, statement: str, **values: object) -> Exception:
    try:
        async with database.as_service() as connection:
            await connection.execute(text(statement), values)
    except Exception as error:  # noqa: BLE001 (which one is the question)
        return error
    raise AssertionError("it was taken")


async def raise_state(database: Database, state: str) -> Exception:
    return await fault_of(database, f"do $_$ begin raise exception 'said' using errcode = '{state}'; end $_$")


@pytest.mark.parametrize("name", PASSING)
async def test_what_passes_is_unavailable(database: Database, name: str) -> None:
    error = await raise_state(database, PASSING[name])

    assert isinstance(error, DatabaseUnavailable)
    assert error.reason == "said"
    assert not is_refusal(error)


@pytest.mark.parametrize("name", REFUSED)
async def test_what_the_data_caused_is_a_refusal(database: Database, name: str) -> None:
    error = await raise_state(database, REFUSED[name])

    assert isinstance(error, DBAPIError)
    assert (is_refusal(error), is_passing(error)) == (True, False)


@pytest.mark.parametrize("state", ["42501", "42P01", "42883"])
async def test_an_installation_that_does_not_fit_is_neither(database: Database, state: str) -> None:
    error = await raise_state(database, state)

    assert (is_refusal(error), is_passing(error)) == (False, False)


@pytest.mark.parametrize("value", ["\ud83c", 2**70, object()])
async def test_a_value_that_cannot_be_sent_is_a_refusal(database: Database, value: object) -> None:
    cast = "text" if isinstance(value, str) else "bigint"
    error = await fault_of(database, f"select cast(:value as {cast})", value=value)

    assert is_refusal(error)
    assert await ask(database) == 1


async def test_a_read_only_database_is_not_ready(dsn: str, database: Database) -> None:
    name = dsn.split("?")[0].rsplit("/", 1)[-1]
    assert await database.is_reachable()
    admin = await connect(dsn)
    await admin.execute(f"alter database {name} set default_transaction_read_only = on")
    await admin.close()
    closed = Database(dsn)

    assert not await closed.is_reachable()
    assert isinstance(await fault_of(closed, "delete from public.script_job_workers"), DatabaseUnavailable)
    await closed.close()


async def test_a_connection_cut_between_two_steps_of_a_statement_is_an_outage(dsn: str) -> None:
    """The driver looks up types on the way, and has nothing better to say than an AttributeError."""
    database = Database(dsn)
    told: set[str] = set()
    for number in range(300):
        try:
            async with database.in_one_statement(fresh=True, limit_s=0.008 + number % 60 / 10_000) as connection:
                await connection.execute(text("select array['pending'::public.script_job_status], '{}'::jsonb"))
        except Exception as error:  # noqa: BLE001 (which one it is, is the question)
            told.add(type(error).__name__)
    await database.close()

    assert told <= {"DatabaseUnavailable"}


async def test_a_session_that_began_read_only_is_not_kept(dsn: str) -> None:
    """What a database says of all new sessions holds for these for as long as they live."""
    admin = await connect(dsn)
    name = await admin.fetchval("select current_database()")
    database = Database(dsn, pool_size=4)

    async def write() -> None:
        async with database.as_service() as connection:
            await connection.execute(text("delete from public.script_job_workers"))

    await admin.execute(f'alter database "{name}" set default_transaction_read_only = on')
    said = await asyncio.gather(*(write() for _ in range(3)), return_exceptions=True)
    was_reachable = await database.is_reachable()
    await asyncio.gather(*(ask(database) for _ in range(3)))
    await admin.execute("set default_transaction_read_only = off")
    await admin.execute(f'alter database "{name}" reset default_transaction_read_only')
    for _ in range(4):
        with contextlib.suppress(DatabaseUnavailable):
            await write()  # each closes the session that refuses it
    is_reachable = [await database.is_reachable() for _ in range(4)]
    await asyncio.gather(*(write() for _ in range(4)))

    assert {type(error) for error in said} == {DatabaseUnavailable}
    assert not was_reachable
    assert all(is_reachable)
    await database.close()
    await admin.close()


async def test_a_transaction_ends_in_time_though_each_of_its_statements_does(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that goes silent inside a statement of many rows leaves one that no limit of statements ends."""
    monkeypatch.setattr("scriptjobs.poolers.TRANSACTION_LIMIT_MS", 1_000)
    database = Database(dsn, pool_size=1)

    async def last() -> None:
        async with database.as_service() as connection:
            for _ in range(4):
                await connection.execute(text("select pg_sleep(0.4)"))

    with pytest.raises(DatabaseUnavailable):
        await last()
    assert await ask(database) == 1
    await database.close()
