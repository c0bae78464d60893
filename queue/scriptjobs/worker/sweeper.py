"""Sweeps on schedule: jobs that lost their worker, jobs beyond their time, old jobs, strays on this machine."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.files import FILE_ERRORS, Files
from scriptjobs.runner.folders import RunFolders
from scriptjobs.store.maintenance import try_lock
from scriptjobs.worker.lifeline import cleanup_stalled_jobs, recover_orphaned_jobs
from scriptjobs.worker.pruner import cleanup_old_jobs, forget_the_past

STALLED_EVERY_S = 60.0
OLD_EVERY_S = 3_600.0
STRAYS_EVERY_S = 300.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Something to do regularly. `is_shared`: one worker of all does it, the holder of its advisory lock."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[Any]]
    is_shared: bool = True


class Sweeper:
    """Runs all sweeps, at once and then at their intervals."""

    def __init__(
        self, *, database: Database, files: Files, folders: RunFolders, worker_id: str, lease_s: float, days: int
    ) -> None:
        self._database = database
        self._sweeps = (
            Sweep(name="orphaned", every_s=lease_s / 4, work=lambda: recover_orphaned_jobs(database, worker_id)),
            Sweep(name="stalled", every_s=STALLED_EVERY_S, work=lambda: cleanup_stalled_jobs(database, worker_id)),
            Sweep(name="old", every_s=OLD_EVERY_S, work=lambda: cleanup_old_jobs(database, files, days)),
            Sweep(name="past", every_s=OLD_EVERY_S, work=lambda: forget_the_past(database)),
            # Processes and folders are this machine's own affair; a lock on each folder sees to it that one sweeps it.
            Sweep(name="strays", every_s=STRAYS_EVERY_S, work=folders.sweep, is_shared=False),
        )

    async def run(self) -> None:
        """Sweep until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sweep in self._sweeps:
                group.create_task(self._repeat(sweep))

    async def _repeat(self, sweep: Sweep) -> None:
        while True:
            try:
                await self._once(sweep)
            except (*DATABASE_ERRORS, *FILE_ERRORS) as error:
                log.warning("sweep_delayed", sweep=sweep.name, reason=str(error)[:200])
            await asyncio.sleep(sweep.every_s)

    async def _once(self, sweep: Sweep) -> None:
        if not sweep.is_shared:
            await sweep.work()
            return
        # The lock ends with this transaction, or with its holder; the work runs in transactions of its own.
        async with self._database.as_service() as connection:
            if await try_lock(connection, sweep.name):
                await sweep.work()
