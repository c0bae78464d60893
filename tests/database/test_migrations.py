"""Migrations: up and down, on a bare database and on one that looks like a Supabase project; the schema on file."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from scriptjobs.database import connect, migrate
from tests.conftest import named, run_on
from tests.schema_dump import SCHEMA, dump

SUPABASE = (
    "create schema auth",
    "create table auth.users (id uuid primary key, email varchar(255), encrypted_password varchar(255), "
    "raw_user_meta_data jsonb)",
    "create function auth.uid() returns uuid language sql stable as $$ select "
    "nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid $$",
    "create function auth.role() returns text language sql stable as $$ select "
    "nullif(current_setting('request.jwt.claims', true), '')::json ->> 'role' $$",
    "create table public.organisations (id uuid primary key default gen_random_uuid(), name text, settings jsonb)",
    "create table public.user_organisations (id uuid primary key default gen_random_uuid(), "
    "user_id uuid references auth.users, organisation_id uuid references public.organisations, role text)",
    "create table public.restaurants (id uuid primary key default gen_random_uuid(), name text)",
    "create table public.pumpd_restaurants (id uuid primary key default gen_random_uuid(), restaurant_name text)",
    "alter table public.user_organisations enable row level security",
    "create policy own on public.user_organisations for select to authenticated using (user_id = auth.uid())",
)
OBJECTS = """
    select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'auth') and c.relkind in ('r', 'v') and c.relname <> 'alembic_version'
    union all
    select n.nspname || '.' || p.proname || '()' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'auth')
    union all
    select n.nspname || '.' || t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where n.nspname = 'public' and t.typtype = 'e'
    union all
    select policyname from pg_policies where schemaname = 'public'
    order by 1
"""


async def objects(dsn: str) -> list[str]:
    connection = await connect(dsn)
    try:
        return [record["name"] for record in await connection.fetch(OBJECTS)]
    finally:
        await connection.close()


def prepare(server: str, name: str, statements: tuple[str, ...]) -> str:
    asyncio.run(run_on(server, f"create database {name} template template0"))
    asyncio.run(run_on(named(server, name), *statements))
    return named(server, name)


@pytest.mark.parametrize(("name", "statements"), [("bare", ()), ("supabase", SUPABASE)])
def test_up_down_and_up_again(server: str, template: str, name: str, statements: tuple[str, ...]) -> None:
    dsn = prepare(server, f"migrated_{name}", statements)
    before = asyncio.run(objects(dsn))

    asyncio.run(migrate(dsn))
    first = asyncio.run(objects(dsn))
    asyncio.run(migrate(dsn, "base"))
    down = asyncio.run(objects(dsn))
    asyncio.run(migrate(dsn))

    assert "public.script_jobs" in first
    assert down == before
    assert asyncio.run(objects(dsn)) == first


def test_a_job_runs_on_a_migrated_supabase_project(server: str, template: str) -> None:
    dsn = prepare(server, "supabase_in_use", SUPABASE)
    asyncio.run(migrate(dsn))

    user, organisation = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    asyncio.run(
        run_on(
            dsn,
            f"insert into auth.users (id, email) values ('{user}', 'a@b')",
            f"insert into public.organisations (id, name) values ('{organisation}', 'One')",
            f"insert into public.user_organisations (user_id, organisation_id, role) "
            f"values ('{user}', '{organisation}', 'owner')",
            "begin; set local role authenticated; "
            f'select set_config(\'request.jwt.claims\', \'{{"sub": "{user}", "role": "authenticated"}}\', true); '
            f"insert into public.script_jobs (job_type, organisation_id, created_by) "
            f"values ('add-item-tags', '{organisation}', '{user}'); commit",
        )
    )

    async def count() -> int:
        connection = await connect(dsn)
        try:
            return await connection.fetchval("select count(*) from public.script_job_events")
        finally:
            await connection.close()

    assert asyncio.run(count()) == 1


def test_two_migrations_at_once_end_in_one_schema(server: str, template: str) -> None:
    dsn = prepare(server, "migrated_twice", ())

    command = [sys.executable, "-m", "scriptjobs.cli.main", "migrate"]
    both = [subprocess.Popen(command, env={**os.environ, "DATABASE_URL": dsn}) for _ in range(2)]

    assert [process.wait(60) for process in both] == [0, 0]
    assert "public.script_jobs" in asyncio.run(objects(dsn))


def test_the_schema_on_file_is_the_schema(new_database: Callable[[], str]) -> None:
    assert dump(new_database()) == SCHEMA.read_text(encoding="utf-8"), "run bin/migrate --dump"


RIGHTS = """
    select p.oid::regprocedure::text || ' ' || role as granted
    from pg_proc p, unnest(array['anon', 'authenticated', 'service_role']) role
    where p.pronamespace = 'public'::regnamespace and p.proname like 'script\\_jobs\\_%'
      and has_function_privilege(role, p.oid, 'execute')
    order by 1
"""


def test_functions_are_not_everybodys_where_new_ones_are_by_default(server: str, template: str) -> None:
    async def rights(dsn: str) -> set[str]:
        connection = await connect(dsn)
        try:
            return {record["granted"] for record in await connection.fetch(RIGHTS)}
        finally:
            await connection.close()

    hosted = prepare(
        server,
        "migrated_with_defaults",
        (
            *SUPABASE,
            "alter default privileges in schema public grant all on functions to anon, authenticated, service_role",
        ),
    )
    asyncio.run(migrate(hosted))
    bare = prepare(server, "migrated_for_rights", ())
    asyncio.run(migrate(bare))

    found = asyncio.run(rights(hosted))
    assert {right for right in found if not right.endswith("service_role")} == {
        right for right in asyncio.run(rights(bare)) if not right.endswith("service_role")
    }
    assert not any("script_jobs_claim" in right and not right.endswith("service_role") for right in found)
