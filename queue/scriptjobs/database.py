"""The database, and the two ways into it: as the caller, whose rows it limits itself, or as service."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from scriptjobs.errors import SetupError

# What callers without SQL name it by.
Connection = AsyncConnection
# What a database that is away, slow or restarting raises: worth another try.
DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, SetupError)

# Classes of SQLSTATE that say the data or the statement is wrong: trying again would only repeat it.
_REFUSALS = ("22", "23", "42")

CHECKOUT = Path(__file__).resolve().parents[2]
CONNECT_TIMEOUT_S = 5.0

# A process that is frozen inside a transaction holds its locks: its job could not be rescued until it is thawed. So the
# server ends a session that stands still in a transaction for as long as a lease lasts.
_SESSION = {
    "application_name": "script-jobs",
    "statement_timeout": "10000",
    "idle_in_transaction_session_timeout": "20000",
}

# One round trip sets the role and who it is, for this transaction alone (`true` = local): a connection that goes back
# to the pool carries nothing on.
_ENTER = text(
    """
    select set_config('role', :role, true),
           set_config('request.jwt.claims', :claims, true),
           set_config('script_jobs.actor', :actor, true)
    """
)


async def connect(dsn: str, **settings: Any) -> Any:
    """One plain asyncpg connection to `dsn` (the library has no types).

    Raises:
        SetupError: the server cannot be reached or refuses.
    """
    try:
        return await asyncpg.connect(dsn.replace("+asyncpg", ""), timeout=CONNECT_TIMEOUT_S, **settings)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SetupError(f"The database cannot be reached: {error or type(error).__name__}") from error


def is_refusal(error: BaseException) -> bool:
    """Whether the database answered and said no, as opposed to being away."""
    state: object = getattr(getattr(error, "orig", error), "sqlstate", None)
    return isinstance(state, str) and state[:2] in _REFUSALS


def _refuse_closed(_adapted: Any, record: Any, _proxy: Any) -> None:
    """Replace a pooled connection that the server has closed: the driver knows without asking (a ping costs 0.2 ms)."""
    if record.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """A pool of connections to one database."""

    def __init__(self, dsn: str, *, pool_size: int = 10) -> None:
        self.dsn = dsn
        self._engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            # asyncpg alone reads the address, so that every form it knows (sockets, sslmode) works here as well.
            async_creator=lambda: connect(dsn, server_settings=_SESSION),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=CONNECT_TIMEOUT_S,
            hide_parameters=True,  # an error's text ends in the log
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def as_caller(self, user_id: UUID) -> AsyncGenerator[AsyncConnection]:
        """A transaction as `authenticated` with this person's claims: row level security applies."""
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        async with self._engine.begin() as connection:
            await connection.execute(_ENTER, {"role": "authenticated", "claims": claims, "actor": ""})
            yield connection

    @asynccontextmanager
    async def as_service(self, actor: str = "") -> AsyncGenerator[AsyncConnection]:
        """A transaction as `service_role`. `actor` (`worker:<id>`, `sweep:<id>`) is recorded with each move."""
        claims = json.dumps({"role": "service_role"})
        async with self._engine.begin() as connection:
            await connection.execute(_ENTER, {"role": "service_role", "claims": claims, "actor": actor})
            yield connection

    @asynccontextmanager
    async def in_one_statement(self) -> AsyncGenerator[AsyncConnection]:
        """A connection on which each statement is a transaction of its own: for functions of the database that set role
        and actor themselves, where the round trips of a transaction would cost more than the work (bench/drain.py).
        """
        async with self._engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def is_reachable(self) -> bool:
        """Whether a query gets an answer in time."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S), self._engine.connect() as connection:
                await connection.execute(text("select 1"))
        except (OSError, TimeoutError, DBAPIError, SetupError):
            return False
        return True

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def alembic_config(dsn: str) -> Config:
    """Alembic's configuration out of pyproject.toml, for the database `dsn`."""
    config = Config(toml_file=CHECKOUT / "pyproject.toml")
    config.set_main_option("script_location", str(CHECKOUT / "migrations"))
    config.attributes["connect"] = lambda: connect(dsn)
    return config


async def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the schema of `dsn` to `revision`, up or down (`base` removes everything)."""
    move = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    # Alembic is synchronous and its environment runs a loop of its own, so it gets a thread of its own.
    await asyncio.to_thread(move, alembic_config(dsn), revision)
