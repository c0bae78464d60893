"""The listener: hears, survives a cut connection, and says that anything may have changed afterwards."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from scriptjobs.database import Database, connect
from scriptjobs.listener import EVENTS, READY, Listener
from tests.factories import add_job

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def listening(dsn: str) -> AsyncGenerator[tuple[Listener, asyncio.Queue[tuple[str, str]]]]:
    listener, heard = Listener(dsn), asyncio.Queue[tuple[str, str]]()
    for channel in (READY, EVENTS):
        listener.subscribe(channel, lambda payload, channel=channel: heard.put_nowait((channel, payload)))
    task = asyncio.create_task(listener.run())
    try:
        assert {await anext_of(heard), await anext_of(heard)} == {(READY, ""), (EVENTS, "")}
        yield listener, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def anext_of(heard: asyncio.Queue[tuple[str, str]]) -> tuple[str, str]:
    async with asyncio.timeout(10):
        return await heard.get()


async def test_a_new_job_wakes_workers_and_streams(dsn: str, database: Database) -> None:
    async with listening(dsn) as (listener, heard):
        async with database.as_service() as connection:
            id_ = await add_job(connection)

        told = {await anext_of(heard), await anext_of(heard)}

        assert told == {(READY, ""), (EVENTS, str(id_))}
        assert listener.is_live


async def test_a_cut_connection_is_replaced_and_everybody_looks_again(dsn: str, database: Database) -> None:
    async with listening(dsn) as (listener, heard):
        other = await connect(dsn)
        try:
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'script-jobs listener' and datname = current_database()"
            )
        finally:
            await other.close()

        told = {await anext_of(heard), await anext_of(heard)}

        assert told == {(READY, ""), (EVENTS, "")}
        assert listener.is_live


async def test_a_rolled_back_job_wakes_nobody(dsn: str, database: Database) -> None:
    async with listening(dsn) as (_, heard):

        async def add_and_fail() -> None:
            async with database.as_service() as connection:
                await add_job(connection)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await add_and_fail()
        assert heard.empty()
