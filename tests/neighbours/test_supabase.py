"""A database shaped like hosted Supabase: people, pages, API and rights."""

import asyncio
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager

import asyncpg
import httpx2
import pytest

from scriptjobs.database import Database, connect, migrate
from scriptjobs.errors import RequestRefused
from scriptjobs.people import People
from tests.neighbours.supabase import AUTHENTICATOR, BANNED, MEMBER, ORGANISATION, as_login
from tests.processes import Site, run_on_database, tags_payload, wait_for

# What PostgREST may call for somebody who has signed in.
FOR_CALLERS = {
    "script_jobs_organisations", "script_jobs_owns_restaurant", "script_jobs_cancel", "script_jobs_stop",
    "script_jobs_retry", "script_jobs_run_now", "script_jobs_cancel_rest", "script_jobs_keep", "script_jobs_full",
    "script_jobs_samples", "script_jobs_ahead", "script_jobs_waiting", "script_jobs_is_legal_move",
    "script_jobs_list", "script_jobs_count", "script_jobs_erase_secrets",
}  # fmt: skip


@pytest.fixture(scope="module")
def migrated(supabase: str) -> str:
    wait_for(migrate(supabase))
    return supabase


@pytest.fixture
def site(migrated: str, own_site: Callable[..., Site]) -> Site:
    """An installation that works as the role that migrated, which is no superuser and owns the tables."""
    return own_site(migrated, WORKERS="1", WARM_RUNNERS="0")


def make_link(dsn: str, email: str) -> str:
    async def make() -> str:
        database = Database(dsn, pool_size=1)
        try:
            return await People(database).make_link(email)
        finally:
            await database.close()

    return wait_for(make())


@contextmanager
def signed_in(site: Site, link: str) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=site.address, trust_env=False, follow_redirects=True) as client:
        client.post(f"/sign-in/{link}").raise_for_status()
        yield client


def test_people_whom_we_add_and_those_who_are_there_work_alike(site: Site, migrated: str) -> None:
    ana = site.as_user("ana@ours.example", "Firm")
    mia = site.as_user("mia@supabase.example", "Other firm")

    done = ana.wait_for(ana.launch("create-api-key", count=1))
    theirs = mia.wait_for(mia.launch("create-api-key", count=1))
    with signed_in(site, make_link(migrated, "ana@ours.example")) as pages:
        shown = pages.get(f"/jobs/{done['jobId']}")
    with signed_in(site, make_link(migrated, "mia@supabase.example")) as pages:
        list_ = pages.get("/jobs")

    assert (done["status"], theirs["status"]) == ("completed", "completed")
    assert str(mia.user_id) == MEMBER
    assert str(ana.organisation_id) == ORGANISATION  # found by its name
    assert shown.status_code == 200
    assert done["jobId"] in shown.text
    assert list_.status_code == 200
    assert run_on_database(migrated, "select count(*) from auth.users") == 2  # nobody was written there


def test_who_was_added_elsewhere_is_removed_elsewhere(migrated: str) -> None:
    async def remove() -> list[str]:
        database = Database(migrated, pool_size=1)
        people = People(database)
        try:
            await people.add("tom@ours.example", "Firm", "viewer")
            with pytest.raises(RequestRefused, match=r"^Another application added mia@supabase.example\."):
                await people.remove("mia@supabase.example", "Firm")
            left = await people.remove("tom@ours.example")
            return [*(str(member.email) for member in await people.list_members()), str(left)]
        finally:
            await database.close()

    known = wait_for(remove())

    assert "mia@supabase.example" in known
    assert "tom@ours.example" not in known
    assert known[-1] == "0"


def test_who_was_banned_is_nobody(site: Site, migrated: str) -> None:
    async def find() -> str:
        database = Database(migrated, pool_size=1)
        try:
            with pytest.raises(Exception, match="Nobody has the address"):
                await People(database).find_user("ban@supabase.example")
            return "refused"
        finally:
            await database.close()

    assert wait_for(find()) == "refused"
    assert BANNED


def ask_as(dsn: str, role: str, *statements: str) -> list[str]:
    """What PostgREST does for a request with such a role; for each statement its SQLSTATE, or what it gives."""
    claims = f'{{"sub": "{MEMBER}", "role": "{role}"}}'

    async def ask() -> list[str]:
        connection = await connect(as_login(dsn, AUTHENTICATOR))
        said: list[str] = []
        try:
            for statement in statements:
                try:
                    async with connection.transaction():
                        await connection.execute(f"set local role {role}")
                        await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
                        said.append(str(await connection.fetchval(statement)))
                except asyncpg.PostgresError as error:
                    said.append(str(getattr(error, "sqlstate", "")))
        finally:
            await connection.close()
        return said

    return asyncio.run(ask())


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_rights_by_default_open_nothing(migrated: str, role: str) -> None:
    query = (
        "select json_agg(p.proname) from pg_proc p where pronamespace = 'public'::regnamespace "
        f"and proname like 'script\\_job%' and prorettype <> 'trigger'::regtype and has_function_privilege('{role}', oid, 'execute')"
    )
    callable_ = set(run_on_database(migrated, query) or [])
    tables = run_on_database(
        migrated, "select json_agg(relname) from pg_class where relnamespace = 'public'::regnamespace "
        "and (relname like 'script\\_job%' or relname = 'alembic_version') and relkind in ('r', 'v') "
        "and has_table_privilege('anon', oid, 'select, insert, update, delete')",
    )  # fmt: skip

    claimed = ask_as(migrated, role, "select count(*) from public.script_jobs_claim('w', 60, '{}', 0, 1)")

    assert callable_ == (set() if role == "anon" else FOR_CALLERS)
    assert not tables
    assert claimed == ["42501"]


INSERT = (
    "insert into public.script_jobs (job_type, organisation_id, created_by, {columns}) "
    f"values ('import-csv-menu', '{ORGANISATION}', '{MEMBER}', {{values}}) returning 'taken'"
)


@pytest.mark.parametrize(
    ("columns", "values", "said"),
    [
        ("metadata", "'{}'", "taken"),
        ("priority, run_at", "10, now()", "taken"),
        ("priority", "11", "42501"),
        ("run_at", "'infinity'", "42501"),
        ("metadata", "'[]'", "42501"),
        ("input_payload", "'[]'", "42501"),
        ("input_payload", """'{"a": [{"b": {"$sealed": "x"}}]}'""", "42501"),
        ("timeout_ms", "999999999", "42501"),
        ("concurrency_key", "'somebody'", "42501"),
        ("attempt_id", "1", "42501"),
        ("job_id", "'JOB_1'", "42501"),
    ],
)
def test_callers_insert_what_a_request_may_say(migrated: str, columns: str, values: str, said: str) -> None:
    assert ask_as(migrated, "authenticated", INSERT.format(columns=columns, values=values)) == [said]


def test_callers_write_no_rows_of_files(migrated: str) -> None:
    insert = (
        "insert into public.script_job_uploads (id, organisation_id, kind, name, media_type, size, storage_key) "
        f"values (gen_random_uuid(), '{ORGANISATION}', 'csv', 'x', 'text/csv', 1, 'uploads/x')"
    )

    assert ask_as(migrated, "authenticated", insert) == ["42501"]


def test_a_worker_checks_rows_like_requests(own_site: Callable[..., Site], dsn: str) -> None:
    site = own_site(dsn, WORKERS="1", WARM_RUNNERS="0", JOB_TYPES_PACKAGE="portal_scripts")
    ana, zoe = site.as_user(), site.as_user("zoe@example.com", "Two")
    menu = b"menuName,categoryName,dishName,dishPrice\nLunch,Pizza,Margherita,14.50\n"
    foreign = zoe.post("/api/files", files={"file": ("menu.csv", menu)}).json()["file"]["id"]
    login = {key: value for key, value in tags_payload().items() if key != "itemTags"}

    def insert(payload: dict[str, object], type_: str = "import-csv-menu") -> str:
        return run_on_database(
            dsn, "insert into script_jobs (job_type, input_payload, organisation_id, created_by) values "
            "($1::text::script_job_type, $2::text::jsonb, $3, $4) returning job_id",
            type_, json.dumps(payload), ana.organisation_id, ana.user_id,
        )  # fmt: skip

    bad = {
        "csvFilePath": insert({**login, "csvFilePath": "/etc/passwd"}),
        "csvFile": insert({**login, "csvFile": foreign}),
        "csv_file": insert({**login, "csv_file": foreign}),
        "itemTags": insert(login, "add-item-tags"),
        "adminUrl": insert({**tags_payload(), "adminUrl": "http://169.254.169.254/"}, "add-item-tags"),
        "sealed": insert({**tags_payload(), "restaurantName": {"$sealed": "x"}}, "add-item-tags"),
    }

    ended = {name: ana.wait_for(job_id) for name, job_id in bad.items()}

    assert {job["error"]["code"] for job in ended.values()} == {"VALIDATION_ERROR"}
    assert {job["status"] for job in ended.values()} == {"failed"}
    assert all(name in ended[name]["error"]["message"] for name in bad if name != "csv_file")
