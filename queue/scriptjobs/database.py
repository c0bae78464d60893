"""The database, and the two ways into it: as the caller, whose rows it limits itself, or as service."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID
from weakref import WeakSet

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import NullPool, event, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from scriptjobs.errors import DatabaseUnavailable, SetupError
from scriptjobs.outages import is_passing, is_read_only, is_refusal, words_of
from scriptjobs.patience import spent_on_database
from scriptjobs.poolers import Reaching
from scriptjobs.resources import find_resources

# What callers without SQL name it by.
Connection = AsyncConnection
# What a database that is away, slow or restarting raises: worth another try.
DATABASE_ERRORS = (
    SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, SetupError,
    DatabaseUnavailable,
)  # fmt: skip
__all__ = [
    "DATABASE_ERRORS", "Connection", "Database", "alembic_config", "connect", "is_refusal", "migrate",
]  # fmt: skip

CONNECT_TIMEOUT_S = 5.0
# The server ends a statement after ten seconds (below). This is for a server, or a line to it, that has gone silent.
STATEMENT_LIMIT_S = 12.0
# A transaction begins with a statement that needs no lock and no disk: who does not answer that is not there.
FIRST_ANSWER_S = 2.0
READY_LIMIT_S = 3.0
CLOSE_LIMIT_S = 2.0
# The kernel's part in noticing a dead line, where the platform has it. Seconds, but for the last (milliseconds).
_LINE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 12_000}

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
        connection = await asyncpg.connect(dsn.replace("+asyncpg", ""), timeout=CONNECT_TIMEOUT_S, **settings)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SetupError(f"The database cannot be reached: {str(error) or type(error).__name__}") from error
    _watch_line(connection)
    return connection


def _watch_line(connection: Any) -> None:
    """Let the kernel notice that the other end of a TCP connection has gone without a word."""
    line = connection._transport.get_extra_info("socket")
    if line is None or line.family == socket.AF_UNIX:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _LINE.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Database:
    """A pool of connections to one database."""

    def __init__(self, dsn: str, *, pool_size: int = 10) -> None:
        self.dsn = dsn
        self.reaching = Reaching(connect, dsn, command_timeout=STATEMENT_LIMIT_S)
        common: dict[str, Any] = {
            "url": "postgresql+asyncpg://",
            "hide_parameters": True,  # an error's text ends in the log
        }
        self._engine: AsyncEngine = self.reaching.serve(
            create_async_engine(**common, pool_size=pool_size, max_overflow=pool_size, pool_timeout=CONNECT_TIMEOUT_S)
        )
        self._fresh: AsyncEngine = self.reaching.serve(create_async_engine(**common, poolclass=NullPool))
        self._trusted_since = 0.0
        self._drivers: WeakSet[Any] = WeakSet()
        event.listen(self._engine.sync_engine, "connect", self._note)
        event.listen(self._engine.sync_engine, "checkout", self._refuse_dead)
        event.listen(self._engine.sync_engine, "close", self._end_old)

    def _note(self, _adapted: Any, record: Any) -> None:
        record.info["since"] = time.monotonic()
        self._drivers.add(record.driver_connection)

    def _refuse_dead(self, _adapted: Any, record: Any, _proxy: Any) -> None:
        """Replace a pooled connection that the server has closed: the driver knows without a ping (0.2 ms)."""
        if record.driver_connection.is_closed():
            raise DisconnectionError

    def _end_old(self, adapted: Any, record: Any) -> None:
        """Close without a farewell what is older than a connection that went silent: nobody may be there to answer it.
        The pool replaces all of them when one is lost.
        """
        if record.info.get("since", 0.0) < self._trusted_since:
            adapted.driver_connection.terminate()

    @asynccontextmanager
    async def as_caller(self, user_id: UUID) -> AsyncGenerator[AsyncConnection]:
        """A transaction as `authenticated` with this person's claims: row level security applies.

        Raises (as all of these): DatabaseUnavailable, when the database is away, silent, read-only or overloaded.
        """
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        async with self._transaction({"role": "authenticated", "claims": claims, "actor": ""}) as connection:
            yield connection

    @asynccontextmanager
    async def as_service(self, actor: str = "") -> AsyncGenerator[AsyncConnection]:
        """A transaction as `service_role`. `actor` (`worker:<id>`, `sweep:<id>`) is recorded with each move."""
        claims = json.dumps({"role": "service_role"})
        async with self._transaction({"role": "service_role", "claims": claims, "actor": actor}) as connection:
            yield connection

    @asynccontextmanager
    async def in_one_statement(
        self, *, fresh: bool = False, limit_s: float | None = None
    ) -> AsyncGenerator[AsyncConnection]:
        """A connection on which each statement is a transaction of its own: for functions of the database that set role
        and actor themselves, where the round trips of a transaction would cost more than the work (bench/drain.py).
        Through a pooler it is a transaction: a lone statement may be prepared on one connection and run on another.
        `fresh`: a new one, for when the pool's have gone silent or are all in use. `limit_s`: what all of it may take.
        """
        async with self._guarded(self._fresh if fresh else self._engine, None, limit_s) as connection:
            if self.reaching.is_pooled:
                yield connection
                await connection.commit()
            else:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def _transaction(self, enter: dict[str, str]) -> AsyncGenerator[AsyncConnection]:
        async with self._guarded(self._engine, enter) as connection:
            yield connection
            await connection.commit()

    @asynccontextmanager
    async def _guarded(
        self, engine: AsyncEngine, enter: dict[str, str] | None, most_s: float | None = None
    ) -> AsyncGenerator[AsyncConnection]:
        """A connection for which nobody waits beyond their time. One that is left in the middle is never put back."""
        connection = None
        with spent_on_database(most_s) as limit_s:
            end = time.monotonic() + limit_s if limit_s else None
            try:
                # A little later than the cut, which ends a statement without leaving any doubt about its connection.
                async with asyncio.timeout(limit_s and limit_s + 0.2):
                    connection = await self._open(engine, enter, end)
                    with self._cutting(connection, end):
                        yield connection
                        await connection.close()
            except BaseException as error:
                if connection is not None:
                    await self._leave(connection, error)
                if isinstance(error, DatabaseUnavailable) or not is_passing(error):
                    raise
                raise DatabaseUnavailable(words_of(error)) from error

    async def _open(self, engine: AsyncEngine, enter: dict[str, str] | None, end: float | None) -> AsyncConnection:
        """A connection that has answered once. One that does not, or was closed meanwhile, makes way for another."""
        for is_last in (False, True):
            connection = await engine.connect()
            soon = time.monotonic() + FIRST_ANSWER_S
            try:
                with self._cutting(connection, end if is_last else min(soon, end or soon)):
                    if enter is not None:
                        await connection.execute(_ENTER, enter)
                return connection
            except BaseException as error:
                was_cut = _driver_of(connection) is None or _driver_of(connection).is_closed()
                await self._leave(connection, error)
                if is_last or not (was_cut and isinstance(error, Exception)):
                    raise
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _cutting(self, connection: AsyncConnection, end: float | None) -> Generator[None]:
        """Close the connection at `end`: whoever waits for its answer is told at once."""
        if end is None:
            yield
            return
        cut = asyncio.get_running_loop().call_later(end - time.monotonic(), self._distrust, _driver_of(connection))
        try:
            yield
        finally:
            cut.cancel()

    def _distrust(self, driver: Any) -> None:
        """Close a connection that has gone silent, and trust none that is as old."""
        if driver is not None:
            driver.terminate()
        self._trusted_since = time.monotonic()

    async def _leave(self, connection: AsyncConnection, error: BaseException) -> None:
        """Undo what was begun. A connection that did not answer in time, takes no writes, or was cut off is closed."""
        if not connection.invalidated and not connection.closed:
            if isinstance(error, TimeoutError):
                self._distrust(_driver_of(connection))
            elif not isinstance(error, Exception) or is_read_only(error):
                _driver_of(connection).terminate()
        soon = time.monotonic() + FIRST_ANSWER_S
        with contextlib.suppress(*DATABASE_ERRORS), self._cutting(connection, soon):
            await connection.rollback()
        if not connection.closed and not connection.invalidated and _driver_of(connection).is_closed():
            await connection.invalidate()
        await connection.close()

    async def is_reachable(self) -> bool:
        """Whether the database answers in time, and takes writes."""
        try:
            async with asyncio.timeout(READY_LIMIT_S), self.in_one_statement() as connection:
                said = await connection.execute(text("select current_setting('transaction_read_only')"))
                takes_writes = bool(said.scalar_one() == "off")
                if not takes_writes:
                    await connection.invalidate()
                return takes_writes
        except DATABASE_ERRORS:
            return False

    async def close(self) -> None:
        """Close all connections: politely, and after a moment at once."""
        hurry = asyncio.get_running_loop().call_later(CLOSE_LIMIT_S, self._end_all)
        await self._engine.dispose()
        hurry.cancel()

    def _end_all(self) -> None:
        for driver in tuple(self._drivers):
            driver.terminate()


def _driver_of(connection: AsyncConnection) -> Any:
    """The driver's own connection; None when it is gone."""
    inner = None if connection.closed or connection.invalidated else connection.sync_connection
    return inner.connection.driver_connection if inner else None


def alembic_config(dsn: str) -> Config:
    """Alembic's configuration, for the database `dsn`."""
    config = Config()
    config.set_main_option("script_location", str(find_resources("migrations")).replace("%", "%%"))
    config.attributes["connect"] = lambda: connect(dsn, statement_cache_size=0)
    config.attributes["serve"] = Reaching(connect, dsn).serve
    return config


def is_way_down(revision: str) -> bool:
    """Whether a revision is named as one to go back to."""
    return revision == "base" or revision.startswith("-")


async def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the schema of `dsn` to `revision`, up or down (`base` removes everything).

    Raises:
        SetupError: there is no such revision, or the database refuses.
    """
    move = command.downgrade if is_way_down(revision) else command.upgrade
    try:
        # Alembic is synchronous and its environment runs a loop of its own, so it gets a thread of its own.
        await asyncio.to_thread(move, alembic_config(dsn), revision)
    except CommandError as error:
        raise SetupError(f"The schema cannot go to {revision}: {error}") from error
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        raise SetupError(f"The migration to {revision} failed and made no further changes: {said}") from error
