"""Sweeps on schedule: jobs that lost their worker, jobs beyond their time, old jobs, strays on this machine."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.files import FILE_ERRORS, Files
from scriptjobs.outages import words_of
from scriptjobs.runner.folders import RunFolders
from scriptjobs.worker.lifeline import cleanup_stalled_jobs, recover_orphaned_jobs
from scriptjobs.worker.pruner import (
    cleanup_old_jobs,
    cleanup_old_secrets,
    cleanup_unused_uploads,
    forget_the_past,
)

STALLED_EVERY_S = 60.0
OLD_EVERY_S = 3_600.0
STRAYS_EVERY_S = 300.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Something to do regularly. What all workers share takes an advisory lock in the transaction of its work."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[Any]]


class Sweeper:
    """Runs all sweeps, at once and then at their intervals."""

    def __init__(  # noqa: PLR0913 (each sweep needs its own)
        self, *, database: Database, files: Files, folders: RunFolders, worker_id: str, lease_s: float, days: int,
        is_steady: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        async def recover() -> None:
            if is_steady():
                await recover_orphaned_jobs(database, worker_id)

        self._sweeps = (
            Sweep(name="orphaned", every_s=lease_s / 4, work=recover),
            Sweep(name="stalled", every_s=STALLED_EVERY_S, work=lambda: cleanup_stalled_jobs(database, worker_id)),
            Sweep(name="old", every_s=OLD_EVERY_S, work=lambda: cleanup_old_jobs(database, files, days)),
            Sweep(name="uploads", every_s=OLD_EVERY_S, work=lambda: cleanup_unused_uploads(database, files)),
            Sweep(name="secrets", every_s=OLD_EVERY_S, work=lambda: cleanup_old_secrets(database)),
            Sweep(name="past", every_s=OLD_EVERY_S, work=lambda: forget_the_past(database)),
            # Processes and folders are this machine's own affair; a lock on each folder sees to it that one sweeps it.
            Sweep(name="strays", every_s=STRAYS_EVERY_S, work=folders.sweep),
        )

    async def run(self) -> None:
        """Sweep until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sweep in self._sweeps:
                group.create_task(self._repeat(sweep))

    async def _repeat(self, sweep: Sweep) -> None:
        while True:
            try:
                await sweep.work()
            except (*DATABASE_ERRORS, *FILE_ERRORS) as error:
                log.warning("sweep_delayed", sweep=sweep.name, reason=words_of(error))
            await asyncio.sleep(sweep.every_s)
