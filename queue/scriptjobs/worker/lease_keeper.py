"""Renews the leases of running jobs, and ends what lost its lease: here, before another worker may begin."""

import asyncio
import time

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.store.leases import renew_leases
from scriptjobs.worker.execution import Ending, Execution

log = structlog.get_logger()


class LeaseKeeper:
    """Keeps the leases of `running`, three times as often as they lapse."""

    def __init__(self, database: Database, running: set[Execution], lease_s: float) -> None:
        self._database = database
        self._running = running
        self._lease_s = lease_s

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            await self._renew()

    async def _renew(self) -> None:
        held = list(self._running)
        # From before the request, so that our clock ends a lease no later than the database's does.
        until = time.monotonic() + self._lease_s
        try:
            async with asyncio.timeout(self._lease_s / 3), self._database.as_service() as connection:
                renewed = await renew_leases(connection, [item.claim.fence for item in held], self._lease_s)
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
