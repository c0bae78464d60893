"""Alembic's environment: async engine, one advisory lock, a lock time-out, one transaction for each revision."""

import asyncio
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

SQL = Path(__file__).parent / "sql"
# Any constant will do, as long as every migration of this project takes the same one.
ADVISORY_LOCK = 0x5C219_70B5


def migrate(connection: Connection) -> None:
    """Run the revisions over `connection`, alone: a second migration waits for the lock and finds nothing to do."""

    def run_sql_file(name: str) -> None:
        # asyncpg prepares what goes through SQLAlchemy, and refuses several statements at once; its own `execute`
        # takes a whole file and stays inside the revision's transaction.
        raw = connection.connection.driver_connection
        assert raw is not None
        await_only(raw.execute((SQL / name).read_text(encoding="utf-8")))

    connection.execute(text("select pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("set lock_timeout = '4s'"))
    connection.commit()
    try:
        context.configure(connection=connection, transaction_per_migration=True, run_sql_file=run_sql_file)
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()


async def main() -> None:
    """Open a connection in the way that scriptjobs/database.py configured, and migrate over it."""
    connect = context.config.attributes.get("connect")
    if connect is None:
        raise SystemExit("Migrations are run by `script-jobs migrate` (or bin/migrate), which knows the database.")
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
