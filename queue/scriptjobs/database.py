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
from alembic.util import CommandError
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from scriptjobs.errors import SetupError
from scriptjobs.poolers import Reaching

# What callers without SQL name it by.
Connection = AsyncConnection
# What a database that is away, slow or restarting raises: worth another try.
DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, SetupError)

# Classes of SQLSTATE that say the data or the statement is wrong: trying again would only repeat it.
_REFUSALS = ("22", "23", "42")

CHECKOUT = Path(__file__).resolve().parents[2]
CONNECT_TIMEOUT_S = 5.0

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
        self.reaching = Reaching(connect, dsn)
        self._engine: AsyncEngine = self.reaching.serve(
            create_async_engine(
                "postgresql+asyncpg://", pool_size=pool_size, max_overflow=pool_size, pool_timeout=CONNECT_TIMEOUT_S
            )
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
        Through a pooler it is a transaction: a lone statement may be prepared on one connection and run on another.
        """
        async with self._engine.connect() as connection:
            await self.reaching.find()
            if not self.reaching.is_pooled:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
            await connection.commit()

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
    config.attributes["connect"] = lambda: connect(dsn, statement_cache_size=0)
    config.attributes["serve"] = Reaching(connect, dsn).serve
    return config


async def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the schema of `dsn` to `revision`, up or down (`base` removes everything).

    Raises:
        SetupError: there is no such revision, or the database refuses.
    """
    move = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    try:
        # Alembic is synchronous and its environment runs a loop of its own, so it gets a thread of its own.
        await asyncio.to_thread(move, alembic_config(dsn), revision)
    except CommandError as error:
        raise SetupError(f"The schema cannot go to {revision}: {error}") from error
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        raise SetupError(f"The migration to {revision} failed and changed nothing more: {said}") from error
