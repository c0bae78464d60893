"""What a job's page shows, read while the job goes on."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event

from scriptjobs.database import Database
from scriptjobs.errors import JobNotFound
from scriptjobs.events import Log
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob
from scriptjobs.listener import Listener
from scriptjobs.sealing import Vault
from scriptjobs.service import Caller, JobFilter, ScriptJobService
from scriptjobs.settings import Settings
from scriptjobs.store.progress import Report, update_job_progress
from tests.factories import add_job, add_member, add_worker, must_claim, row
from webapp.live import Live, Shown
from webapp.wakeups import Wakeups

pytestmark = pytest.mark.anyio


@pytest.fixture
def service(database: Database, tmp_path: Path) -> ScriptJobService:
    return make_service(database, tmp_path)


def make_service(database: Database, tmp_path: Path) -> ScriptJobService:
    return ScriptJobService(
        database=database, job_types=JobTypes.load("tests.fake_scripts"), vault=Vault.load(None, tmp_path),
        files=Files.load(None, tmp_path), settings=Settings.model_validate({}),
    )  # fmt: skip


async def test_a_page_shows_no_line_that_its_stream_would_send_again(
    database: Database, service: ScriptJobService
) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    async with database.as_service() as connection:
        await add_job(connection, organisation_id=one)
    job = await must_claim(database)

    writing = asyncio.create_task(_keep_logging(database, job))
    seen: list[tuple[int, int]] = []
    while len(seen) < 100:
        details = await service.get_details(Caller(user_id=ana, organisation_id=one), job.job_id)
        if details.log:
            seen.append((details.log[-1].id, details.last_event_id))
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert len({last for _, last in seen}) > 10, "nothing was written meanwhile"
    assert all(shown <= last for shown, last in seen)


async def test_a_watched_list_costs_as_many_statements_with_twenty_rows_as_with_one(
    database: Database, service: ScriptJobService, dsn: str
) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    async with database.as_service() as connection:
        for _ in range(20):
            await add_job(connection, organisation_id=one)
    caller = Caller(user_id=ana, organisation_id=one)
    live = Live(service, Wakeups(Listener(dsn)))

    async def count(rows: int) -> int:
        statements: list[str] = []
        engine = database._engine.sync_engine
        event.listen(engine, "before_cursor_execute", listener := lambda *told: statements.append(told[2]))
        found = await live.look(caller, Shown(one, may_act=True, wanted=JobFilter(organisation_id=one, limit=rows)))
        event.remove(engine, "before_cursor_execute", listener)
        assert found is not None
        assert len(found.parts) == rows
        return len(statements)

    await count(1)  # reads the durations of the type, which are kept for a minute
    assert await count(20) == await count(1) <= 4


async def test_a_request_takes_one_connection_however_full_the_pool_is(dsn: str, tmp_path: Path) -> None:
    # Two that hold one each and wait for a second would wait for each other. This pool has two.
    small = Database(dsn, pool_size=1)
    service = make_service(small, tmp_path)
    ana, one = await add_member(small, "ana@x", "One")
    async with small.as_service() as connection:
        ids = [await add_job(connection, organisation_id=one) for _ in range(3)]
    await add_worker(small, slots=1)
    await must_claim(small)
    waiting = [id_ for id_ in ids if (await row(small, id_))["status"] == "pending"]
    caller = Caller(user_id=ana, organisation_id=one)
    async with asyncio.timeout(4):  # less than the pool's patience
        jobs = await asyncio.gather(*(service.get_job(caller, str(waiting[n % 2])) for n in range(12)))
        pages = await asyncio.gather(*(service.get_details(caller, str(id_)) for id_ in waiting * 4))
    await small.close()

    assert {job.waiting.code for job in jobs if job.waiting} == {"SLOTS_BUSY"}
    assert all(page.job.expected for page in pages)


async def test_the_pending_jobs_are_those_that_come_next(database: Database, service: ScriptJobService) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    async with database.as_service() as connection:
        old = await add_job(connection, organisation_id=one, created_at="=now() - interval '2 minutes'")
        await add_job(connection, organisation_id=one)
        urgent = await add_job(connection, organisation_id=one, priority=1)
    found = await service.get_pending_jobs(Caller(user_id=ana, organisation_id=one), limit=2)

    assert [job.id for job in found] == [urgent, old]


async def test_a_try_that_was_not_made_or_is_somebody_elses_is_not_found(
    database: Database, service: ScriptJobService
) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    zoe, two = await add_member(database, "zoe@x", "Two")
    async with database.as_service() as connection:
        id_ = await add_job(connection, organisation_id=one)
    await must_claim(database)
    first = await service.get_attempt(Caller(user_id=ana, organisation_id=one), str(id_), 1)

    assert (first.attempt.number, first.attempt.worker_id) == (1, "w1")
    for caller, number in (
        (Caller(user_id=ana, organisation_id=one), 2),
        (Caller(user_id=zoe, organisation_id=two), 1),
    ):
        with pytest.raises(JobNotFound):
            await service.get_attempt(caller, str(id_), number)


async def _keep_logging(database: Database, job: ClaimedJob) -> None:
    while True:
        async with database.as_service("worker:w1") as connection:
            report = Report(logs=[Log(source="script", text="a line")])
            await update_job_progress(connection, job, report)
