"""Alembic's environment: async engine, one advisory lock, a lock time-out, one transaction for each revision."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

SQL = Path(__file__).parent / "sql"
# Any constant will do, as long as every migration of this project takes the same one.
ADVISORY_LOCK = 0x5C219_70B5
# For one transaction alone, so that it holds through a pooler as well. What an administrator set for the role or the
# database must not decide where our objects go, or how long a migration may take.
_BEGIN = """
    set local lock_timeout = '4s'; set local statement_timeout = 0; set local search_path = public;
    select set_config('transaction_timeout', '0', true) where current_setting('server_version_num')::int >= 170000;
    set local row_security = on; set local standard_conforming_strings = on; set local script_jobs.migrating = 'on'
"""
# A migration waits for another one, which may take its time.
_TAKE_LOCK = f"""
    select set_config('transaction_timeout', '0', true) where current_setting('server_version_num')::int >= 170000;
    set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    select pg_advisory_xact_lock({ADVISORY_LOCK})
"""


def migrate(connection: Connection) -> None:
    """Run the revisions over `connection`."""

    def run(sql: str) -> None:
        # asyncpg prepares what goes through SQLAlchemy, and refuses several statements at once; its own `execute`
        # takes a whole file and stays inside the revision's transaction.
        raw: Any = connection.connection.driver_connection
        await_only(raw.execute(sql))

    def run_sql_file(name: str) -> None:
        run(_BEGIN)
        run((SQL / name).read_text(encoding="utf-8"))

    context.configure(
        connection=connection, transaction_per_migration=True, run_sql_file=run_sql_file, version_table_schema="public"
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.rollback()  # what looking at the version began, where there was nothing to do
    with connection.begin():
        if connection.scalar(text("select to_regprocedure('public.script_jobs_apply_rules()') is not null")):
            run(_BEGIN + "; select public.script_jobs_apply_rules()")


async def main() -> None:
    """Migrate in the way that scriptjobs/database.py configured, alone: a second migration waits for the lock and finds
    nothing to do. The lock is held by the open transaction of a connection of its own, since behind a pooler nothing
    else stays with one connection.
    """
    settings = context.config.attributes
    if "connect" not in settings:
        raise SystemExit("Migrations are run by `script-jobs migrate` (or bin/migrate), which knows the database.")
    lock = await settings["connect"]()
    try:
        async with lock.transaction():
            await lock.execute(_TAKE_LOCK)
            engine = settings["serve"](create_async_engine("postgresql+asyncpg://", poolclass=pool.NullPool))
            async with engine.connect() as connection:
                await connection.run_sync(migrate)
            await engine.dispose()
    finally:
        lock.terminate()


asyncio.run(main())
