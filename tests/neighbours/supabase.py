"""A database shaped like hosted Supabase: `auth` is somebody else's, and everybody gets rights on new things."""

import re

from tests.conftest import run_on

MIGRATOR = ("supabase_migrator", "a-password-for-tests")
AUTHENTICATOR = ("supabase_authenticator", "a-password-for-tests")
MEMBER, ORGANISATION = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"
BANNED = "aaaaaaaa-0000-4000-8000-000000000002"

ROLES = (
    "create role supabase_auth_admin nologin",
    f"create role {MIGRATOR[0]} login noinherit nosuperuser password '{MIGRATOR[1]}'",
    f"create role {AUTHENTICATOR[0]} login noinherit password '{AUTHENTICATOR[1]}'",
    f"grant anon, authenticated, service_role to {MIGRATOR[0]}, {AUTHENTICATOR[0]}",
)
# Made by Supabase.
AUTH = (
    "create schema auth authorization supabase_auth_admin",
    "create table auth.users (id uuid not null primary key, email varchar(255), encrypted_password varchar(255), "
    "is_sso_user boolean not null default false, deleted_at timestamptz, banned_until timestamptz, "
    "raw_user_meta_data jsonb)",
    "create unique index users_email_partial_key on auth.users (email) where is_sso_user = false",
    "create function auth.uid() returns uuid language sql stable as $$ select coalesce("
    "nullif(current_setting('request.jwt.claim.sub', true), ''), "
    "(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$",
    "create function auth.role() returns text language sql stable as $$ select "
    "(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')::text $$",
    "alter table auth.users owner to supabase_auth_admin",
    f"grant usage on schema auth to {MIGRATOR[0]}, anon, authenticated, service_role",
    f"grant select, references on auth.users to {MIGRATOR[0]}",
    f"alter default privileges for role {MIGRATOR[0]} in schema public grant all on tables to anon, authenticated, "
    "service_role",
    f"alter default privileges for role {MIGRATOR[0]} in schema public grant all on functions to anon, "
    "authenticated, service_role",
    f"alter default privileges for role {MIGRATOR[0]} in schema public grant all on sequences to anon, "
    "authenticated, service_role",
)
# Made by the firm, with its own shape of the tables that we would make.
OURS = (
    "create table public.organisations (id uuid primary key, name text, settings jsonb)",
    "create table public.user_organisations (id uuid primary key default gen_random_uuid(), "
    "user_id uuid references auth.users, organisation_id uuid references public.organisations, role varchar(20))",
    "create table public.pumpd_restaurants (id uuid primary key default gen_random_uuid(), restaurant_name text, "
    "organisation_id uuid)",
    "alter table public.user_organisations enable row level security",
    "create policy own on public.user_organisations for select to authenticated using (user_id = auth.uid())",
)
PEOPLE = (
    f"insert into auth.users (id, email) values ('{MEMBER}', 'mia@supabase.example')",
    f"insert into auth.users (id, email, banned_until) values ('{BANNED}', 'ban@supabase.example', 'infinity')",
    f"insert into public.organisations (id, name) values ('{ORGANISATION}', 'Firm')",
    f"insert into public.user_organisations (user_id, organisation_id, role) values "
    f"('{MEMBER}', '{ORGANISATION}', 'staff'), ('{BANNED}', '{ORGANISATION}', 'staff')",
)


def as_login(dsn: str, login: tuple[str, str]) -> str:
    return re.sub(r"//[^:]*:[^@]*@", f"//{login[0]}:{login[1]}@", dsn)


async def make_supabase(server: str, dsn: str) -> str:
    """Make the database. Returns its address as the role that migrates."""
    name = dsn.split("?")[0].rsplit("/", 1)[-1]
    migrator = as_login(dsn, MIGRATOR)
    await run_on(server, *ROLES, f"create database {name} template template0 owner {MIGRATOR[0]}")
    await run_on(dsn, *AUTH)
    await run_on(migrator, *OURS)
    await run_on(dsn, *PEOPLE)
    return migrator
