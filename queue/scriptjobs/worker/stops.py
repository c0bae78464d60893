"""Ends the jobs that somebody asked to stop: told by the database, and by looking every few seconds."""

import asyncio

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.listener import STOP, Listener
from scriptjobs.outages import words_of
from scriptjobs.store.leases import list_stopped
from scriptjobs.worker.execution import Ending, Execution

log = structlog.get_logger()


class StopWatch:
    """Watches for stops of what this worker runs."""

    def __init__(
        self, database: Database, listener: Listener, running: set[Execution], worker_id: str, poll_s: float
    ) -> None:
        self._database = database
        self._listener = listener
        self._running = running
        self._worker_id = worker_id
        self._poll_s = poll_s
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        self._listener.subscribe(STOP, self._hear)
        try:
            while True:
                try:
                    async with asyncio.timeout(self._poll_s):
                        await self._asked.wait()
                except TimeoutError:
                    pass
                self._asked.clear()
                if self._running:
                    await self._look()
        finally:
            self._listener.unsubscribe(STOP, self._hear)

    def _hear(self, id_: str) -> None:
        if not id_ or any(str(execution.claim.id) == id_ for execution in self._running):
            self._asked.set()

    async def _look(self) -> None:
        try:
            async with self._database.as_service() as connection:
                stopped = await list_stopped(connection, self._worker_id)
        except DATABASE_ERRORS as error:
            log.warning("stops_not_seen", reason=words_of(error))
            return
        for execution in self._running:
            if execution.claim.fence in stopped:
                execution.end(Ending.STOPPED)
