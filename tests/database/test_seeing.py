"""What a caller may see: API, page, list and live streams of one organisation name nothing of another."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from scriptjobs.database import Connection, Database
from scriptjobs.listener import Listener
from scriptjobs.people import People
from scriptjobs.service import Caller, JobFilter, ScriptJobService
from scriptjobs.store.waiting import add_prerequisites
from tests.database.test_details import make_service
from tests.factories import add_job, add_member, add_worker, must_claim, row
from webapp.api.schemas import format_job_response
from webapp.fragments import Seen
from webapp.live import Live, Shown
from webapp.wakeups import Wakeups

pytestmark = pytest.mark.anyio


@pytest.fixture
def service(database: Database, tmp_path: Path) -> ScriptJobService:
    return make_service(database, tmp_path)


async def _wait_for_account(connection: Connection, mine: UUID, theirs: UUID) -> None:
    statement = "update public.script_jobs set concurrency_key = 'k', concurrency_limit = 1 where id = any (:ids)"
    await connection.execute(text(statement), {"ids": [mine, theirs]})


async def _need(connection: Connection, mine: UUID, theirs: UUID) -> None:
    await add_prerequisites(connection, mine, [theirs])


async def _need_what_failed(connection: Connection, mine: UUID, theirs: UUID) -> None:
    await add_prerequisites(connection, mine, [theirs])
    await connection.execute(text("update public.script_jobs set status = 'failed' where id = :id"), {"id": theirs})


WAYS = {
    "ACCOUNT_BUSY": _wait_for_account, "PREREQUISITE_OPEN": _need, "PREREQUISITE_FAILED": _need_what_failed,
}  # fmt: skip


async def _shown_to(caller: Caller, service: ScriptJobService, id_: UUID, dsn: str) -> str:
    """All that this caller gets to see of a job, by every way there is."""
    live = Live(service, Wakeups(Listener(dsn)))
    job = await service.get_job(caller, str(id_))
    page = await live.look(caller, Shown(caller.organisation_id, caller.may_act, job_id=job.job_id, job_uuid=job.id))
    wanted = JobFilter(organisation_id=caller.organisation_id)
    rows = await live.look(caller, Shown(caller.organisation_id, caller.may_act, wanted=wanted))
    assert page is not None
    assert rows is not None
    details = await service.get_details(caller, str(id_))
    listed = await service.list_jobs(caller, wanted)
    pending = await service.get_pending_jobs(caller)
    return "\n".join([
        Seen().take(page), Seen().take(rows), repr(details), repr(listed), repr(pending), repr(format_job_response(job)),
    ])  # fmt: skip


@pytest.mark.parametrize("in_both", [False, True], ids=["in one organisation", "in both"])
@pytest.mark.parametrize("code", WAYS)
async def test_what_keeps_a_job_waiting_is_named_to_its_own_organisation_alone(
    database: Database, service: ScriptJobService, dsn: str, code: str, in_both: bool
) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    zoe, two = await add_member(database, "zoe@x", "Two")
    if in_both:
        await People(database).add("ana@x", "Two", "staff")
    await add_worker(database)
    async with database.as_service() as connection:
        theirs = await add_job(connection, organisation_id=two)
    await must_claim(database)
    async with database.as_service() as connection:
        mine = await add_job(connection, organisation_id=one)
        ours = await add_job(connection, organisation_id=two)
        await WAYS[code](connection, mine, theirs)
        await WAYS[code](connection, ours, theirs)
    name = (await row(database, theirs))["job_id"]

    seen = await _shown_to(Caller(user_id=ana, organisation_id=one), service, mine, dsn)
    assert code in seen
    assert name not in seen
    assert str(theirs) not in seen
    assert code == "ACCOUNT_BUSY" or "1 job of another organisation" in seen
    assert "retry-blocker" not in seen
    assert name in await _shown_to(Caller(user_id=zoe, organisation_id=two), service, ours, dsn)


async def test_a_rendering_is_shared_among_those_alone_who_may_see_the_same(
    database: Database, service: ScriptJobService, dsn: str
) -> None:
    """Whoever renders for all of an organisation may be thrown out meanwhile: that ends the own stream, not the others'."""
    ana, one = await add_member(database, "ana@x", "One")
    bob, _ = await add_member(database, "bob@x", "One")
    async with database.as_service() as connection:
        id_ = await add_job(connection, organisation_id=one)
    live = Live(service, Wakeups(Listener(dsn)))
    job = await service.get_job(Caller(user_id=ana, organisation_id=one), str(id_))
    shown = Shown(one, may_act=True, job_id=job.job_id, job_uuid=job.id)
    async with database.as_service() as connection:
        await connection.execute(text("delete from public.user_organisations where user_id = :id"), {"id": ana})

    assert await live.look(Caller(user_id=ana, organisation_id=one), shown) is None
    assert await live.look(Caller(user_id=bob, organisation_id=one), shown) is not None
