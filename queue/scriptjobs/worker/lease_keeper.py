"""Lease keeper: says that the worker lives, renews its leases, and ends what lost its lease."""

import asyncio
import time

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.store.leases import renew_leases
from scriptjobs.store.workers import Heartbeat, say_alive, say_gone
from scriptjobs.worker.execution import Ending, Execution

GONE_TIMEOUT_S = 2.0

log = structlog.get_logger()


class LeaseKeeper:
    """Keeps the worker's own row and the leases of `running`, three times as often as they lapse."""

    def __init__(self, database: Database, running: set[Execution], beat: Heartbeat, lease_s: float) -> None:
        self._database = database
        self._running = running
        self._beat = beat
        self._lease_s = lease_s
        self.is_stopping = False

    async def run(self) -> None:
        """Renew until cancelled, then say that the worker has gone."""
        try:
            while True:
                await self.renew()
                await asyncio.sleep(self._lease_s / 3)
        finally:
            await asyncio.shield(self._say_gone())

    async def renew(self) -> None:
        """Say that the worker lives, and renew what it holds."""
        held = list(self._running)
        # From before the request, so that our clock ends a lease no later than the database's does.
        until = time.monotonic() + self._lease_s
        try:
            async with asyncio.timeout(self._lease_s / 3), self._database.as_service() as connection:
                renewed = await renew_leases(connection, [item.claim.fence for item in held], self._lease_s)
                await say_alive(connection, self._beat, lease_s=self._lease_s, is_stopping=self.is_stopping)
        except DATABASE_ERRORS as error:
            log.warning("lease_not_renewed", reason=str(error)[:200])
            # Somebody else may reach the database and claim the job, so the script must not outlive the lease.
            for execution in held:
                if time.monotonic() > execution.leased_until:
                    execution.end(Ending.LOST)
            return
        for execution in held:
            if execution.claim.fence in renewed:
                await execution.extend(until)
            else:
                execution.end(Ending.LOST)

    async def _say_gone(self) -> None:
        try:
            async with asyncio.timeout(GONE_TIMEOUT_S), self._database.as_service() as connection:
                await say_gone(connection, self._beat.id)
        except DATABASE_ERRORS as error:
            log.warning("worker_not_removed", reason=str(error)[:200])
