"""What a start refuses in one sentence, and what it goes on with."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet

from tests.conftest import named, run_on
from tests.neighbours.supabase import as_login
from tests.processes import (
    JWT_SECRET,
    SECRETS_KEY,
    Site,
    as_app,
    free_port,
    run_on_database,
    tags_payload,
    until,
    wait_for,
)

ROOT = Path(__file__).parents[2]
LOGIN = ("owner_without_rights", "a-password-for-tests")


def start(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that is expected to end by itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "240", "WORKERS": "0", **settings}
    return subprocess.run(
        [sys.executable, "-m", *words], env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT
    )


def serve(dsn: str, tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    given = {"DATABASE_URL": dsn, "VAR_DIR": str(tmp_path), "SECRETS_KEY": SECRETS_KEY, **settings}
    return start("scriptjobs.cli.main", "serve", "--port", "0", **given)


def command(dsn: str, tmp_path: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    given = {"DATABASE_URL": dsn, "VAR_DIR": str(tmp_path), "SECRETS_KEY": SECRETS_KEY, "JWT_SECRET": JWT_SECRET}
    return start("scriptjobs.cli.main", *words, **(given | settings))


def refused(done: subprocess.CompletedProcess[str], status: int = 2) -> str:
    """The sentence of what could not be done."""
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_database_elsewhere_needs_a_key(dsn: str, tmp_path: Path) -> None:
    assert "SECRETS_KEY is not set." in refused(serve(dsn, tmp_path, SECRETS_KEY=""), 3)
    assert "SECRETS_KEY is not set." in refused(command(dsn, tmp_path, "worker", SECRETS_KEY=""))


def test_another_key_than_the_databases_is_refused_and_a_new_one_in_front_is_not(
    own_site: Callable[..., Site], dsn: str, tmp_path: Path
) -> None:
    old, new = SECRETS_KEY, Fernet.generate_key().decode()
    own_site(dsn, WORKERS="0").stop()

    other = refused(serve(dsn, tmp_path, SECRETS_KEY=new), 3)
    own_site(dsn, WORKERS="0", SECRETS_KEY=f"{new},{old}").stop()
    stale = refused(serve(dsn, tmp_path, SECRETS_KEY=old), 3)

    assert "Give it the SECRETS_KEY of the others." in other
    assert "Give it the SECRETS_KEY of the others." in stale
    assert new not in other + stale
    assert old not in other + stale


def test_a_key_that_does_not_open_what_is_stored_is_refused_though_none_was_noted(
    own_site: Callable[..., Site], dsn: str, tmp_path: Path
) -> None:
    """As in a database that is older than the record of keys."""
    site = own_site(dsn, WORKERS="0")
    site.as_user().post("/api/jobs", json={"jobType": "add-item-tags", "payload": tags_payload()}).raise_for_status()
    site.stop()
    wait_for(run_on(dsn, "delete from script_job_keys"))

    other = refused(serve(dsn, tmp_path, SECRETS_KEY=Fernet.generate_key().decode()), 3)

    assert "fingerprint is unknown" in other
    own_site(dsn, WORKERS="0").stop()


def test_a_start_that_is_refused_changes_nothing(empty: str, tmp_path: Path) -> None:
    refused(serve(empty, tmp_path, SECRETS_KEY=""), 3)

    assert run_on_database(empty, "select count(*) from pg_class where relname like 'script_job%'") == 0


@pytest.fixture
def empty(server: str) -> str:
    name = f"empty_{free_port()}"
    wait_for(run_on(server, f"create database {name} template template0"))
    return named(server, name)


def test_only_serve_and_migrate_change_the_schema(empty: str, tmp_path: Path) -> None:
    said = [refused(command(empty, tmp_path, *words)) for words in (("workers",), ("token", "list"), ("user", "list"))]
    kept = refused(serve(empty, tmp_path, MIGRATE_AT_START="false"), 3)
    doctor = command(empty, tmp_path, "doctor")
    untouched = run_on_database(empty, "select count(*) from pg_class where relname like 'script_job%'")
    migrated = command(empty, tmp_path, "migrate")

    assert all("has no schema yet" in one and "Run: script-jobs migrate" in one for one in said)
    assert "has no schema yet" in kept
    assert "has no schema yet" in doctor.stdout
    assert untouched == 0
    assert migrated.returncode == 0, migrated.stderr
    assert command(empty, tmp_path, "workers").returncode == 0


def revision_of(dsn: str) -> str:
    return run_on_database(dsn, "select version_num from alembic_version")


def test_migrate_says_what_is_true(dsn: str, tmp_path: Path) -> None:
    head = revision_of(dsn)
    passed = refused(command(dsn, tmp_path, "migrate", "--revision", "0005"))
    unknown = refused(command(dsn, tmp_path, "migrate", "--revision", "nonsense"))
    unchanged = revision_of(dsn)
    asked = refused(command(dsn, tmp_path, "migrate", "--revision", "-1"))
    back = command(dsn, tmp_path, "migrate", "--revision", "-1", "--yes")
    below = revision_of(dsn)
    again = command(dsn, tmp_path, "migrate")

    assert "Repeat it with --yes." in asked
    assert "past 0005 already; nothing was changed" in passed
    assert "nonsense" in unknown
    assert unchanged == head
    assert below < head
    assert below in back.stdout
    assert f"at {head}" in again.stdout
    assert revision_of(dsn) == head


def test_a_newer_schema_is_worked_with_as_far_as_it_says(
    own_site: Callable[..., Site], dsn: str, tmp_path: Path
) -> None:
    head = revision_of(dsn)
    wait_for(run_on(dsn, "update alembic_version set version_num = '9998'"))
    site = own_site(dsn, WORKERS="1", WARM_RUNNERS="0")
    ana = site.as_user()
    done = ana.wait_for(ana.launch("create-api-key", count=1))
    wait_for(run_on(dsn, "update script_job_schema set compatible_from = '9998'"))
    newer = refused(serve(dsn, tmp_path), 3)

    assert done["status"] == "completed"
    assert "schema_ahead" in site.log_text()
    assert f"at 9998, which this version ({head}) does not know" in newer
    assert revision_of(dsn) == "9998"


def test_a_job_type_without_its_migration_is_left_out(own_site: Callable[..., Site], dsn: str) -> None:
    site = own_site(dsn, WORKERS="0", JOB_TYPES_PACKAGE="tests.fake_scripts,tests.new_job_type")
    ana = site.as_user()
    refusal = ana.post("/api/jobs", json={"jobType": "add-tax", "payload": {}})
    taken = ana.launch("create-api-key", count=1)

    assert "job_types_left_out" in site.log_text()
    assert refusal.status_code == 400
    assert "add-tax is not in the database yet" in refusal.json()["error"]["message"]
    assert taken


def test_a_database_that_cannot_hold_every_character_is_refused(server: str, tmp_path: Path) -> None:
    wait_for(run_on(server, "create database ascii_only encoding 'SQL_ASCII' locale 'C' template template0"))

    said = refused(serve(named(server, "ascii_only"), tmp_path), 3)

    assert "is encoded in SQL_ASCII" in said


def test_an_owner_without_rights_is_told_what_to_grant_and_then_works(
    server: str, template: str, own_site: Callable[..., Site], tmp_path: Path
) -> None:
    """Also with what an administrator may have set for its sessions."""
    assert template  # its roles are there already, made by somebody else
    wait_for(run_on(
        server, f"create role {LOGIN[0]} login nosuperuser password '{LOGIN[1]}'",
        f"create database owned owner {LOGIN[0]} template template0",
        f"alter role {LOGIN[0]} set row_security = off",
        f"alter role {LOGIN[0]} set default_transaction_isolation = serializable",
    ))  # fmt: skip
    dsn = as_login(named(server, "owned"), LOGIN)

    said = refused(serve(dsn, tmp_path), 3)
    wait_for(run_on(server, f"grant authenticated, service_role to {LOGIN[0]}"))
    migrated = command(dsn, tmp_path, "migrate")
    site = own_site(dsn, DATABASE_URL=dsn, WORKERS="1", WARM_RUNNERS="0")
    ana = site.as_user("añá@example.com", "Café “Ñandú”")
    done = ana.wait_for(ana.launch("create-api-key", count=1))

    assert f"grant authenticated, service_role to {LOGIN[0]};" in said
    assert migrated.returncode == 0, migrated.stderr
    assert done["status"] == "completed"


def test_two_processes_start_one_embedded_database(scratch: Path) -> None:
    port, var_dir = free_port(), scratch / f"two-{free_port()}"
    settings = {"VAR_DIR": str(var_dir), "WORKERS": "0", "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)}
    with (scratch / "two.log").open("wb") as log:
        parent = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "webapp:app", "--workers", "2", "--port", str(port)],
            env={**os.environ, **settings}, stdout=log, stderr=log, cwd=ROOT,
        )  # fmt: skip

    def is_ready() -> bool:
        assert parent.poll() is None, (scratch / "two.log").read_text()[-3000:]
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        until(is_ready, 60, "a ready server")
        until(lambda: (scratch / "two.log").read_text().count("Application startup complete") == 2, 30, "both")
        answers = {httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code for _ in range(20)}
        parent.send_signal(signal.SIGTERM)
        status = parent.wait(30)
    finally:
        parent.kill()
        parent.wait()

    assert answers == {200}
    assert status in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    "statement",
    ["select count(*) from public.script_jobs", "select count(*) from public.script_job_sessions",
     "select count(*) from auth.users", "create table public.mine (id int)", "set role postgres",
     "alter table public.script_jobs disable row level security"],
)  # fmt: skip
def test_the_apps_login_may_do_nothing_by_itself(dsn: str, statement: str) -> None:
    """This is what an injected `reset role` would come to."""
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        wait_for(run_on(as_app(dsn), f"reset role; {statement}"))


def test_every_table_of_ours_binds_its_owner_as_well(server: str, template: str) -> None:
    not_forced = run_on_database(
        named(server, template),
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' "
        "and relname like 'script\\_job%' and not (relrowsecurity and relforcerowsecurity)",
    )

    assert not_forced == 0
