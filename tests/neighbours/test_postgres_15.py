"""PostgreSQL 15, the oldest that works: the schema goes up and down, and a job goes its whole way."""

from collections.abc import Callable

from scriptjobs.database import migrate
from scriptjobs.schema import admit, ensure_login
from tests.conftest import named, run_on
from tests.database.test_migrations import objects
from tests.processes import APP, Site, as_app, run_on_database, wait_for


def test_the_schema_goes_up_and_down_and_up_again(postgres_15: str) -> None:
    wait_for(run_on(postgres_15, "create database moved template template0"))
    dsn = named(postgres_15, "moved")

    wait_for(migrate(dsn))
    first = wait_for(objects(dsn))
    wait_for(migrate(dsn, "base"))
    bare = wait_for(objects(dsn))
    wait_for(migrate(dsn))

    assert "public.script_jobs" in first
    assert "public.script_jobs" not in bare
    assert wait_for(objects(dsn)) == first


def test_a_job_goes_its_whole_way(postgres_15: str, own_site: Callable[..., Site]) -> None:
    """Under a login that owns nothing."""

    async def prepare() -> None:
        await migrate(postgres_15)
        await ensure_login(postgres_15, *APP)
        await admit(postgres_15, as_app(postgres_15))

    wait_for(prepare())
    site = own_site(postgres_15, WORKERS="2", WARM_RUNNERS="0")
    ana = site.as_user()

    done = ana.wait_for(ana.launch("create-api-key", count=2))
    listed = ana.get("/api/jobs").json()["jobs"]

    assert run_on_database(postgres_15, "select current_setting('server_version_num')::int / 10000") == 15
    assert done["status"] == "completed"
    assert [job["jobId"] for job in listed] == [done["jobId"]]
