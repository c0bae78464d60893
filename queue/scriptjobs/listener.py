"""One LISTEN connection for the process: probes itself, reconnects, and hands notifications to subscribers.

A notification only says where to look; rows are the truth. So a lost one costs time, never a job: workers poll behind
it, and after a reconnect every subscriber is told that anything may have changed.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from scriptjobs.database import connect
from scriptjobs.errors import SetupError
from scriptjobs.poolers import find_reach

READY = "script_jobs_ready"
EVENTS = "script_job_events"
STOP = "script_jobs_stop"
_PROBE = "script_jobs_probe"
PROBE_SECONDS = 30.0
PROBE_TIMEOUT_S = 5.0
RECONNECT_DELAYS_S = (0.1, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()


class _NoNotifications(Exception):
    """A pooler keeps them to itself."""


class Listener:
    """Listens while `run` runs. `is_live` says whether notifications come through."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[str, set[Callable[[str], None]]] = defaultdict(set)
        self._probed: asyncio.Future[None] | None = None
        self._expected = ""
        self.is_live = False

    def subscribe(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call `callback(payload)` for each notification; with "" when anything may have changed."""
        self._subscribers[channel].add(callback)

    def unsubscribe(self, channel: str, callback: Callable[[str], None]) -> None:
        """Undo `subscribe`."""
        self._subscribers[channel].discard(callback)

    async def run(self) -> None:
        """Listen until cancelled, over as many connections as that takes."""
        failures = 0
        while True:
            try:
                await self._listen_once()
                failures = 0
            except _NoNotifications:
                # Trying again would gain nothing, and each try leaves a LISTEN on one of the pooler's connections.
                log.warning("listener_off", hint="DATABASE_URL goes through a pooler: set LISTEN_DATABASE_URL")
                await asyncio.get_running_loop().create_future()
            except (SetupError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                was_live, self.is_live = self.is_live, False
                failures = 0 if was_live else failures + 1
                log.warning("listener_lost", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RECONNECT_DELAYS_S[min(failures, len(RECONNECT_DELAYS_S) - 1)])

    async def _listen_once(self) -> None:
        is_pooled = (await find_reach(connect, self._dsn)).is_pooled
        connection = await self._connect()
        try:
            for channel in (READY, EVENTS, STOP, _PROBE):
                await connection.add_listener(channel, self._hear)
            while True:
                if is_pooled:
                    await self._probe_from_elsewhere()
                else:
                    await self._probe(connection)
                if not self.is_live:
                    self.is_live = True
                    self._tell_all()
                await self._rest(connection)
        finally:
            self.is_live = False
            connection.terminate()

    async def _connect(self) -> Any:
        return await connect(
            self._dsn, server_settings={"application_name": "script-jobs listener"}, statement_cache_size=0
        )

    async def _rest(self, connection: Any) -> None:
        """Wait until the next probe is due, or the connection is gone."""
        closed = asyncio.Event()

        def note(_connection: object) -> None:
            closed.set()

        connection.add_termination_listener(note)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await closed.wait()
        except TimeoutError:
            return
        raise ConnectionError("the connection was closed")

    async def _probe_from_elsewhere(self) -> None:
        """A pooler in transaction mode hands on what a connection tells itself, and nothing that others tell it.

        Raises:
            _NoNotifications: it is one.
        """
        sender = await self._connect()
        try:
            await self._probe(sender)
        except TimeoutError as error:
            raise _NoNotifications from error
        finally:
            sender.terminate()

    async def _probe(self, connection: Any) -> None:
        """Notify ourselves: over a dead line the answer does not come."""
        self._expected = secrets.token_hex(8)
        self._probed = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            # Both are ours and need no quoting; without arguments it is one message, whatever stands in between.
            await connection.execute(f"notify {_PROBE}, '{self._expected}'")
            await self._probed

    def _hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        text = str(payload)
        if channel == _PROBE:
            if text == self._expected and self._probed and not self._probed.done():
                self._probed.set_result(None)
            return
        for callback in tuple(self._subscribers[channel]):
            callback(text)

    def _tell_all(self) -> None:
        for callbacks in tuple(self._subscribers.values()):
            for callback in tuple(callbacks):
                callback("")
