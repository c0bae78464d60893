"""Lease keeper: says that the worker lives, renews its leases, and ends what lost its lease."""

import asyncio

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.outages import words_of
from scriptjobs.protocol import lease_now
from scriptjobs.store.leases import renew_leases
from scriptjobs.store.workers import Heartbeat, say_gone
from scriptjobs.worker.execution import Ending, Execution

GONE_TIMEOUT_S = 1.5
RETRY_DELAY_S = 1.0

log = structlog.get_logger()


class LeaseKeeper:
    """Keeps the worker's own row and the leases of `running`, three times as often as they lapse."""

    def __init__(self, database: Database, running: set[Execution], beat: Heartbeat, lease_s: float) -> None:
        self._database = database
        self._running = running
        self._beat = beat
        self._lease_s = lease_s
        self._trouble_at = float("-inf")
        self._renewed_at = float("inf")
        self.is_stopping = False

    @property
    def is_steady(self) -> bool:
        """Whether there was no trouble for as long as a lease lasts. After an outage that all workers have felt, each
        needs a moment to say that it lives; until then nobody is taken for dead.
        """
        return lease_now() - self._trouble_at > self._lease_s

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            is_renewed = await self.renew()
            await asyncio.sleep(self._lease_s / 3 if is_renewed else min(RETRY_DELAY_S, self._lease_s / 10))

    async def renew(self) -> bool:
        """Say that the worker lives, and renew what it holds. Returns whether the database heard it."""
        held = self._still_leased()
        # From before the request, so that our clock ends a lease no later than the database's does.
        now = lease_now()
        if now > self._renewed_at + self._lease_s:
            self._trouble_at = now  # we were asleep
        try:
            renewed = await self._write([item.claim.fence for item in held])
        except DATABASE_ERRORS as error:
            log.warning("lease_not_renewed", reason=words_of(error))
            self._trouble_at = lease_now()
            for execution in held:
                execution.trouble = "the database did not answer"
            # Somebody else may reach the database and claim the job, so the script must not outlive the lease.
            self._still_leased()
            return False
        self._renewed_at = now
        for execution in held:
            if execution.claim.fence not in renewed:
                execution.end(Ending.LOST)
        # Those that are being stopped keep their leases too: nobody may take such a job before its script has ended.
        # Side by side: a script that does not read holds up no other.
        kept = [item for item in held if not item.is_ending(Ending.LOST)]
        await asyncio.gather(*(item.extend(now + self._lease_s) for item in kept))
        return True

    def _still_leased(self) -> list[Execution]:
        for execution in self._running:
            if execution.has_lapsed:
                execution.lose()
        return [execution for execution in self._running if not execution.has_lapsed]

    async def _write(self, fences: list[int]) -> set[int]:
        """Over a connection of the pool; when that does not answer in time, over a fresh one."""
        try:
            return await self._write_once(fences, fresh=False)
        except DATABASE_ERRORS as error:
            log.warning("lease_tried_again", reason=words_of(error))
            return await self._write_once(fences, fresh=True)

    async def _write_once(self, fences: list[int], *, fresh: bool) -> set[int]:
        async with self._database.in_one_statement(fresh=fresh, limit_s=self._lease_s / 6) as connection:
            return await renew_leases(
                connection, self._beat, fences, lease_s=self._lease_s, is_stopping=self.is_stopping
            )

    async def say_gone(self) -> None:
        """Say that the worker has stopped."""
        try:
            async with asyncio.timeout(GONE_TIMEOUT_S), self._database.as_service() as connection:
                await say_gone(connection, self._beat.id)
        except DATABASE_ERRORS as error:
            log.warning("worker_not_removed", reason=words_of(error))
