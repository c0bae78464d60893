"""What a job's page shows, read while the job goes on."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event

from scriptjobs.database import Database
from scriptjobs.events import Log
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob
from scriptjobs.listener import Listener
from scriptjobs.sealing import Vault
from scriptjobs.service import ScriptJobService
from scriptjobs.settings import Settings
from scriptjobs.store.progress import Report, update_job_progress
from tests.factories import add_job, must_claim, row
from webapp.live import Live, Shown
from webapp.wakeups import Wakeups

pytestmark = pytest.mark.anyio


@pytest.fixture
def service(database: Database, tmp_path: Path) -> ScriptJobService:
    return ScriptJobService(
        database=database, job_types=JobTypes.load("tests.fake_scripts"), vault=Vault.load(None, tmp_path),
        files=Files.load(None, tmp_path), settings=Settings.model_validate({}),
    )  # fmt: skip


async def test_a_page_shows_no_line_that_its_stream_would_send_again(
    database: Database, service: ScriptJobService
) -> None:
    async with database.as_service() as connection:
        await add_job(connection)
    job = await must_claim(database)

    writing = asyncio.create_task(_keep_logging(database, job))
    seen: list[tuple[int, int]] = []
    while len(seen) < 100:
        details = await service.watch_details(job.job_id)
        assert details is not None
        if details.log:
            seen.append((details.log[-1].id, details.last_event_id))
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert len({last for _, last in seen}) > 10, "nothing was written meanwhile"
    assert all(shown <= last for shown, last in seen)


async def test_a_watched_list_costs_as_many_statements_with_twenty_rows_as_with_one(
    database: Database, service: ScriptJobService, dsn: str
) -> None:
    async with database.as_service() as connection:
        ids = [await add_job(connection) for _ in range(20)]
    names = [(await row(database, id_))["job_id"] for id_ in ids]
    live = Live(service, Wakeups(Listener(dsn)))

    async def count(rows: int) -> int:
        statements: list[str] = []
        engine = database._engine.sync_engine
        event.listen(engine, "before_cursor_execute", listener := lambda *told: statements.append(told[2]))
        found = await live.look(Shown("rows", tuple(names[:rows]), may_act=True))
        event.remove(engine, "before_cursor_execute", listener)
        assert found is not None
        assert len(found.parts) == rows
        return len(statements)

    await count(1)  # reads the durations of the type, which are kept for a minute
    assert await count(20) == await count(1) <= 3


async def _keep_logging(database: Database, job: ClaimedJob) -> None:
    while True:
        async with database.as_service("worker:w1") as connection:
            report = Report(logs=[Log(source="script", text="a line")])
            await update_job_progress(connection, job, report)
