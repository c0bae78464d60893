"""How a database is reached, directly or through a pooler, and what each connection has to say for that.

A pooler in transaction mode (PgBouncer, Supavisor) gives each transaction any of its connections. So nothing may rest
on the session: no settings made at the start, no named statements, no locks or notifications.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from scriptjobs.errors import SetupError

Connect = Callable[..., Awaitable[Any]]

# What a session begins with. A process that is frozen inside a transaction holds its locks: its job could not be
# rescued until it is thawed. So the server ends a session that stands still in a transaction for as long as a lease
# lasts. The others undo what an administrator may have set for the role or the database and this code cannot work with.
_LIMITS = {
    "statement_timeout": "10000",
    "idle_in_transaction_session_timeout": "20000",
    "lock_timeout": "0",
    "row_security": "on",
}
_SESSION = {
    "application_name": "script-jobs",
    # The server's part in noticing a dead line (seconds, but for the last: milliseconds).
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "12000",
    "idle_session_timeout": "0",
    "default_transaction_isolation": "read committed",
    "jit": "off",
    **_LIMITS,
}
# A direct connection remembers what was said at its start; a pooler refuses it, or keeps it to itself.
_MARK = "script_jobs.reached"
_SET_LIMITS = "; ".join(f"set local {name} = '{value}'" for name, value in _LIMITS.items())
# A line that goes silent between two messages of one statement leaves a transaction that is neither a statement nor
# idle, and holds its locks. PostgreSQL 17 can end it; before, only the dead line does.
TRANSACTION_LIMIT_MS = 30_000
_LIMIT_TRANSACTION = (
    "select set_config('transaction_timeout', '{limit}', {is_local}) "
    "where current_setting('server_version_num')::int >= 170000"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """How one database is reached."""

    is_pooled: bool

    @property
    def connect_settings(self) -> dict[str, Any]:
        """Arguments for the driver's connect."""
        if self.is_pooled:
            return {"server_settings": {"application_name": "script-jobs"}, "statement_cache_size": 0}
        return {"server_settings": _SESSION}


async def find_reach(connect: Connect, dsn: str) -> Reach:
    """Ask a database how it is reached.

    Raises:
        SetupError: it cannot be reached.
    """
    try:
        connection = await connect(dsn, server_settings=_SESSION | {_MARK: "directly"}, statement_cache_size=0)
    except SetupError as error:
        if is_refused_by_pooler(error.__cause__):
            return Reach(is_pooled=True)
        raise
    try:
        async with connection.transaction():  # else a pooler may prepare it on one connection and run it on another
            said: object = await connection.fetchval("select current_setting($1, true)", _MARK)
        await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        connection.terminate()
        raise SetupError(f"The database cannot be reached: {str(error) or type(error).__name__}") from error
    return Reach(is_pooled=said != "directly")


def is_refused_by_pooler(error: BaseException | None) -> bool:
    """Whether a pooler refused what a session says at its start."""
    return isinstance(error, asyncpg.PostgresError) and "startup parameter" in str(error)


class Reaching:
    """Lets engines reach one database in the way that was found at their first connection."""

    def __init__(self, connect: Connect, dsn: str, **settings: Any) -> None:
        self._connect = connect
        self._dsn = dsn
        self._settings = settings
        self._reach: Reach | None = None

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler stands before the database; known once an engine has connected."""
        return self._reach is not None and self._reach.is_pooled

    async def find(self) -> Reach:
        """How the database is reached.

        Raises:
            SetupError: it cannot be reached.
        """
        if self._reach is None:
            self._reach = await find_reach(self._connect, self._dsn)
        return self._reach

    def serve(self, engine: AsyncEngine) -> AsyncEngine:
        """Let an engine connect and begin its transactions as this database needs it."""
        event.listen(engine.sync_engine, "do_connect", self._choose)
        event.listen(engine.sync_engine, "begin", self._begin)
        return engine

    async def _open(self, **_arguments: Any) -> Any:
        # asyncpg alone reads the address, so that every form it knows (sockets, sslmode) works here as well.
        reach = await self.find()
        connection = await self._connect(self._dsn, **reach.connect_settings, **self._settings)
        if not reach.is_pooled:
            await connection.execute(_LIMIT_TRANSACTION.format(limit=TRANSACTION_LIMIT_MS, is_local="false"))
        return connection

    def _choose(self, _dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["async_creator_fn"] = self._open
        if await_only(self.find()).is_pooled:
            # Unnamed statements, prepared anew each time: the next transaction may meet another connection.
            parameters["prepared_statement_cache_size"] = 0
            parameters["prepared_statement_name_func"] = str

    def _begin(self, connection: SyncConnection) -> None:
        if self.is_pooled:
            connection.exec_driver_sql("set transaction isolation level read committed")
            driver: Any = connection.connection.driver_connection
            limit = _LIMIT_TRANSACTION.format(limit=TRANSACTION_LIMIT_MS, is_local="true")
            await_only(driver.execute(f"{_SET_LIMITS}; {limit}"))
