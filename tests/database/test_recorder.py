"""The recorder: what a script said is written to the last word, however soon after it the script ends."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from scriptjobs.database import Database
from scriptjobs.events import Checkpoint, Log, StepChanged
from scriptjobs.files import Files
from scriptjobs.redaction import Redactor
from scriptjobs.worker.recorder import Recorder
from tests.factories import add_job, add_worker, all_rows, must_claim

pytestmark = pytest.mark.anyio


async def recorder_of(database: Database, folder: Path) -> Recorder:
    async with database.as_service() as connection:
        await add_job(connection)
    await add_worker(database)
    return Recorder(
        database=database, files=Files.load(None, folder), claim=await must_claim(database), redactor=Redactor(["s3cret"]),
        actor="worker:w1", folder=folder,
    )  # fmt: skip


async def said(database: Database) -> list[str]:
    found = await all_rows(
        database, "select data ->> 'text' as text from script_job_events where kind = 'log' order by id"
    )
    return [row["text"] for row in found]


async def test_what_is_said_between_a_write_and_the_end_is_written(database: Database, tmp_path: Path) -> None:
    recorder = await recorder_of(database, tmp_path)
    running = asyncio.create_task(recorder.run())

    recorder.take_log(Log(text="first"))
    while not await said(database):
        await asyncio.sleep(0.01)
    recorder.take_log(Log(text="last, and s3cret"))
    recorder.close()
    async with asyncio.timeout(5):
        await running

    assert await said(database) == ["first", "last, and [redacted]"]


async def test_the_end_waits_for_the_write_under_way(database: Database, tmp_path: Path) -> None:
    recorder = await recorder_of(database, tmp_path)
    running = asyncio.create_task(recorder.run())

    async with database.as_service() as connection:
        await connection.execute(text("update script_jobs set metadata = '{}'"))
        recorder.take_log(Log(text="first"))
        await asyncio.sleep(0.2)  # the write waits for the row
        recorder.take_log(Log(text="last"))
        recorder.close()
        await asyncio.sleep(0.1)
        assert not running.done()
    async with asyncio.timeout(5):
        await running

    assert await said(database) == ["first", "last"]


async def test_a_recorder_that_has_nothing_to_say_ends_at_once(database: Database, tmp_path: Path) -> None:
    recorder = await recorder_of(database, tmp_path)
    running = asyncio.create_task(recorder.run())

    recorder.close()
    async with asyncio.timeout(5):
        await running

    assert await said(database) == []


async def test_a_report_that_the_database_refuses_is_told_and_the_next_one_is_written(
    database: Database, tmp_path: Path
) -> None:
    recorder = await recorder_of(database, tmp_path)
    running = asyncio.create_task(recorder.run())

    recorder.take_step(
        StepChanged.model_construct(state="running", position=10**12, total=1, title="beyond an integer")
    )
    while not await said(database):
        await asyncio.sleep(0.01)
    recorder.take_log(Log(text="next"))
    recorder.close()
    async with asyncio.timeout(5):
        await running

    assert ["could not be stored" in line for line in await said(database)] == [True, False]


async def test_a_checkpoint_is_not_saved_under_a_name_that_holds_a_secret(database: Database, tmp_path: Path) -> None:
    recorder = await recorder_of(database, tmp_path)
    running = asyncio.create_task(recorder.run())

    recorder.take_checkpoint(Checkpoint(name="tag:s3cret", value=1))
    recorder.take_checkpoint(Checkpoint(name="tag:other", value="s3cret"))
    recorder.close()
    async with asyncio.timeout(5):
        await running

    assert await said(database) == ["The checkpoint tag:[redacted] was not saved: its name holds a secret."]
    [saved] = await all_rows(database, "select name, value from script_job_checkpoints")
    assert (saved["name"], saved["value"]) == ("tag:other", "[redacted]")
