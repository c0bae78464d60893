"""The schema of a database: whether the database will do, which revision it has, and who may work in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import asyncpg
from alembic.script import ScriptDirectory

from scriptjobs.database import alembic_config, connect
from scriptjobs.errors import SetupError

OLDEST_SERVER = 15
# Any constant will do, as long as whoever creates or admits the app's login takes the same one.
_LOGIN_LOCK = 0x5C219_70B6


class Fit(StrEnum):
    """How a schema and this code fit."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    # Newer than this code, which still runs on it.
    AHEAD = "ahead"
    TOO_NEW = "too new"


@dataclass(frozen=True, slots=True)
class Schema:
    """The revision of a schema, the newest that this code knows, and the oldest code that can work with the schema."""

    revision: str | None
    head: str
    fit: Fit
    compatible_from: str | None = None
    # Older revisions that it has gone through.
    passed: frozenset[str] = frozenset()

    @property
    def told(self) -> str:
        """Where the schema stands, as one sentence."""
        here = f"The database's schema is at {self.revision}"
        return {
            Fit.EMPTY: f"The database has no schema yet; this version needs {self.head}.",
            Fit.BEHIND: f"{here}; this version needs {self.head}.",
            Fit.CURRENT: f"{here}.",
            Fit.AHEAD: f"{here}, which is newer than this version's {self.head}; this version can work with it.",
            Fit.TOO_NEW: f"{here}, which this version ({self.head}) does not know. Install the newer version, which "
            f"knows {self.compatible_from or self.revision}.",
        }[self.fit]


@asynccontextmanager
async def _opened(dsn: str) -> AsyncGenerator[Any]:
    """A connection with one transaction, which works through any pooler."""
    connection = await connect(dsn, statement_cache_size=0)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close(timeout=5)


_EXAMINE = """
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
           current_database() as name, current_user as login,
           (select rolsuper from pg_roles where rolname = current_user) as is_super,
           (select rolcreaterole from pg_roles where rolname = current_user) as creates,
           (select array_agg(rolname::text) from pg_roles where rolname in ('anon', 'authenticated', 'service_role'))
               as roles
"""


async def examine(dsn: str) -> None:
    """Look whether the database will do for this app.

    Raises:
        SetupError: it will not; the message says why and what to do.
    """
    async with _opened(dsn) as connection:
        found = await connection.fetchrow(_EXAMINE)
        version = found["version"] // 10_000
        if version < OLDEST_SERVER:
            raise SetupError(f"PostgreSQL {OLDEST_SERVER} or newer is needed; this server is PostgreSQL {version}.")
        if found["encoding"] != "UTF8":
            raise SetupError(
                f"The database {found['name']} is encoded in {found['encoding']}, which cannot hold every character. "
                "Make one with: create database … encoding 'UTF8' template template0"
            )
        if not found["is_super"]:
            await _must_become_roles(connection, found, version)


async def _must_become_roles(connection: Any, found: Any, version: int) -> None:
    wanted = ("authenticated", "service_role")
    there: list[str] = found["roles"] or []
    login = found["login"]
    missing = [role for role in ("anon", *wanted) if role not in there]
    if missing and not found["creates"]:
        made = " ".join(f"create role {role} nologin;" for role in missing)
        raise SetupError(f"The roles {', '.join(missing)} are missing, and {login} may not make them. Run as an "
                         f"administrator: {made} grant authenticated, service_role to {login};")  # fmt: skip
    # From 16 on, a role that may create roles may grant only those that it has made.
    means = "SET" if version >= 16 else "MEMBER"
    can = {
        role: await connection.fetchval("select pg_has_role($1, $2)", role, means) for role in wanted if role in there
    }
    lacking = [role for role, is_granted in can.items() if not is_granted]
    may_grant = found["creates"] and version < 16
    for role in lacking:
        may_grant = may_grant or await connection.fetchval("select pg_has_role($1, 'MEMBER WITH ADMIN OPTION')", role)
    if lacking and not may_grant:
        raise SetupError(f"{login} may not become {' and '.join(lacking)}. Run as an administrator: "
                         f"grant {', '.join(lacking)} to {login};")  # fmt: skip


async def read_schema(dsn: str) -> Schema:
    """Where the schema stands.

    Raises:
        SetupError: the database cannot be reached.
    """
    scripts = ScriptDirectory.from_config(alembic_config(dsn))
    known = {script.revision for script in scripts.walk_revisions()}
    head = scripts.get_current_head() or ""
    async with _opened(dsn) as connection:
        if await connection.fetchval("select to_regclass('public.alembic_version') is null"):
            return Schema(None, head, Fit.EMPTY)
        revision = await _read_as_anybody(connection, "select min(version_num) from public.alembic_version")
        if revision is None:
            return Schema(None, head, Fit.EMPTY)
        if revision in known:
            passed = frozenset(script.revision for script in scripts.walk_revisions("base", revision)) - {revision}
            return Schema(revision, head, Fit.CURRENT if revision == head else Fit.BEHIND, passed=passed)
        has_record = await connection.fetchval("select to_regclass('public.script_job_schema') is not null")
        compatible = (
            await _read_as_anybody(connection, "select compatible_from from public.script_job_schema")
            if has_record
            else None
        )
    return Schema(revision, head, Fit.AHEAD if compatible in known else Fit.TOO_NEW, compatible)


async def _read_as_anybody(connection: Any, query: str) -> str | None:
    """The value, as the login or as the service role; the owner's rows may be hidden from itself."""
    for role in ("service_role", "none"):
        try:
            async with connection.transaction():
                await connection.execute(f"set local role {role}")
                return await connection.fetchval(query)
        except asyncpg.PostgresError as error:  # 42501: may not read it; 22023: there is no such role, or not for us
            if getattr(error, "sqlstate", None) not in ("42501", "22023"):
                raise
    return None


async def ensure_login(owner_dsn: str, login: str, password: str) -> None:
    """Make the app's own login where it is missing. It owns nothing and may do nothing by itself."""
    async with _opened(owner_dsn) as connection:
        await connection.execute(f"select pg_advisory_xact_lock({_LOGIN_LOCK})")
        is_there = await connection.fetchval("select exists (select from pg_roles where rolname = $1)", login)
        # The password is set each time: the file that holds it may have been lost.
        change = "alter role %I password %L" if is_there else "create role %I login noinherit password %L"
        await connection.execute(
            await connection.fetchval("select format($3, $1::text, $2::text)", login, password, change)
        )


async def admit(owner_dsn: str, app_dsn: str) -> None:
    """Let the login of `app_dsn` work for the app (see script_jobs_admit in migrations/sql/0022)."""
    async with _opened(app_dsn) as connection:
        login = await connection.fetchval("select current_user")
    async with _opened(owner_dsn) as connection:
        if login != await connection.fetchval("select current_user"):
            await connection.execute(f"select pg_advisory_xact_lock({_LOGIN_LOCK})")
            await connection.execute("select public.script_jobs_admit($1)", login)
