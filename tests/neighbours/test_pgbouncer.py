"""A real PgBouncer between everything and the database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from scriptjobs.database import Database
from tests.conftest import named, run_on
from tests.neighbours.conftest import Bouncers
from tests.processes import JWT_SECRET, SECRETS_KEY, Api, Site, as_app, until, wait_for


def command(dsn: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "DATABASE_URL": dsn, "JWT_SECRET": JWT_SECRET, "SECRETS_KEY": SECRETS_KEY,
        "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "240", **settings,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "scriptjobs.cli.main", *words], env=environment, capture_output=True, text=True,
        timeout=90,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_everything_works_through_it(
    server: str, template: str, bouncers: Bouncers, own_site: Callable[..., Site], mode: str
) -> None:
    # In session mode each connection of ours keeps one of the pooler's.
    through = bouncers.start(mode, default_pool_size="5" if mode == "transaction" else "40")
    wait_for(run_on(server, f"create database through_{mode} template template0"))
    direct = named(server, f"through_{mode}")

    migrated = command(through(direct), "migrate")
    again = command(through(as_app(direct)), "migrate", MIGRATION_DATABASE_URL=through(direct))
    site = own_site(direct, DATABASE_URL=through(as_app(direct)), WORKERS="1")
    ana = site.as_user()
    done = ana.launch("create-api-key", count=2)
    events = ana.events(done)
    cancelled = ana.delete(f"/api/jobs/{launch_later(ana)}").json()
    with_token = command(through(as_app(direct)), "token", "ana@example.com")

    assert migrated.returncode == 0, migrated.stderr
    assert again.returncode == 0, again.stderr
    assert ana.job(done)["status"] == "completed"
    assert events[-1]["status"] == "completed"
    assert cancelled["success"]
    assert with_token.returncode == 0, with_token.stderr
    if mode == "transaction":
        until(lambda: "listener_off" in site.log_text() or None, 15, "the word on notifications")
        assert ana.get("/readyz").json()["news"] == "polling"
    else:
        until(lambda: ana.get("/readyz").json()["news"] == "notifications" or None, 15, "notifications")
    assert "does not exist" not in site.log_text()
    assert "Traceback" not in site.log_text()


def launch_later(ana: Api) -> str:
    body = {
        "jobType": "create-api-key", "payload": {"count": 1}, "allowDuplicate": True, "runAt": "2030-01-01T00:00:00Z",
    }  # fmt: skip
    return ana.post("/api/jobs", json=body).json()["job"]["jobId"]


def test_a_direct_connection_for_news(bouncers: Bouncers, own_site: Callable[..., Site], dsn: str) -> None:
    through = bouncers.start()
    site = own_site(dsn, DATABASE_URL=through(as_app(dsn)), LISTEN_DATABASE_URL=as_app(dsn), WORKERS="0")
    ana = site.as_user()

    until(lambda: ana.get("/readyz").json()["news"] == "notifications" or None, 15, "notifications")


@pytest.mark.parametrize("ignored", ["", "statement_timeout,idle_in_transaction_session_timeout,lock_timeout,"
                                     "row_security,idle_session_timeout,default_transaction_isolation,jit,"
                                     "script_jobs.reached"])  # fmt: skip
def test_nothing_rests_on_a_session(bouncers: Bouncers, dsn: str, ignored: str) -> None:
    through = bouncers.start(default_pool_size="2", ignore_startup_parameters=ignored or "extra_float_digits")

    async def ask(database: Database, number: int) -> tuple[str, str, str]:
        async with database.as_service(f"worker:{number}") as connection:
            said = await connection.execute(
                text("select current_setting('statement_timeout'), current_setting('script_jobs.actor'), "
                     "current_setting('transaction_isolation'), cast(:number as int)"), {"number": number},
            )  # fmt: skip
            limit, actor, isolation, _ = said.one()
        async with database.in_one_statement() as connection:
            left = await connection.execute(text("select current_setting('script_jobs.actor', true), :n"), {"n": "x"})
            assert not left.one()[0]
        return limit, actor, isolation

    async def ask_all() -> list[tuple[str, str, str]]:
        database = Database(through(as_app(dsn)), pool_size=12)
        try:
            return await asyncio.gather(*(ask(database, number) for number in range(200)))
        finally:
            assert database.reaching.is_pooled
            await database.close()

    said = asyncio.run(ask_all())

    assert said == [("10s", f"worker:{number}", "read committed") for number in range(200)]


def test_two_migrations_at_once_end_in_one_schema(server: str, template: str, bouncers: Bouncers) -> None:
    through = bouncers.start()
    wait_for(run_on(server, "create database through_twice template template0"))
    dsn = through(named(server, "through_twice"))
    words = [sys.executable, "-m", "scriptjobs.cli.main", "migrate"]

    both = [subprocess.Popen(words, env={**os.environ, "DATABASE_URL": dsn}) for _ in range(2)]

    assert [process.wait(90) for process in both] == [0, 0]
