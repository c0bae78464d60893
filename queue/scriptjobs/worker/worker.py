"""Worker: claims jobs into free slots, woken by the database with polling behind it, and drains on stop."""

import asyncio
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from scriptjobs import __version__
from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.listener import READY, Listener
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Vault
from scriptjobs.store.claims import Claims, claim_next_jobs
from scriptjobs.store.workers import Heartbeat
from scriptjobs.worker.execution import Ending, Execution
from scriptjobs.worker.executor import Executor, ExecutorConfig
from scriptjobs.worker.lease_keeper import LeaseKeeper
from scriptjobs.worker.stops import StopWatch
from scriptjobs.worker.sweeper import Sweeper

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """How a worker works. Times are in seconds."""

    slots: int
    warm_runners: int
    lease_s: float
    poll_s: float
    grace_s: float
    hosts: tuple[str, ...]
    runner: RunnerConfig
    csv_folder: Path | None = None
    share: int = 0
    retention_days: int = 30


def new_worker_id() -> str:
    """New at each start: a host or pod name comes back after a crash, and would be taken for the dead one."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(3)}"


class Worker:
    """One worker with its slots."""

    def __init__(
        self, *, config: WorkerConfig, database: Database, listener: Listener, job_types: JobTypes, vault: Vault,
        files: Files,
    ) -> None:  # fmt: skip
        self.id = new_worker_id()
        self._config = config
        self._database = database
        self._listener = listener
        self._job_types = job_types
        self._folders = RunFolders(self.id)
        self._spares = Spares(config.runner, self._folders, config.warm_runners)
        self._executor = Executor(
            config=ExecutorConfig(
                worker_id=self.id, hosts=config.hosts, memory_mb=config.runner.memory_mb, csv_folder=config.csv_folder
            ),
            database=database, vault=vault, files=files, spares=self._spares, job_types=job_types,
        )  # fmt: skip
        self._running: set[Execution] = set()
        self._keeper = LeaseKeeper(database, self._running, self._introduce(), config.lease_s)
        self._stops = StopWatch(database, listener, self._running, self.id, config.poll_s)
        self._sweeper = Sweeper(
            database=database, files=files, folders=self._folders, worker_id=self.id, lease_s=config.lease_s,
            days=config.retention_days,
        )  # fmt: skip
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    def _introduce(self) -> Heartbeat:
        return Heartbeat(
            id=self.id, host=socket.gethostname(), pid=os.getpid(), version=__version__, slots=self._config.slots,
            job_types=self._job_types.names,
        )  # fmt: skip

    async def run(self) -> None:
        """Work until `stop_processing`, then drain: running scripts get their grace, the rest is released."""
        log.info("worker_started", workerId=self.id, slots=self._config.slots, sandbox=self._config.runner.sandbox)
        wake = self._on_ready
        self._listener.subscribe(READY, wake)
        try:
            await self._keeper.renew()  # who claims jobs is known to live before
            async with asyncio.TaskGroup() as group:
                side = [
                    group.create_task(self._keeper.run()),
                    group.create_task(self._stops.run()),
                    group.create_task(self._sweeper.run()),
                    group.create_task(self._spares.refill()),
                ]
                await self.process_job_queue(group)
                await self._drain()
                for task in side:
                    task.cancel()
        finally:
            self._listener.unsubscribe(READY, wake)
            await asyncio.shield(self._spares.close())
            self._folders.close()
            log.info("worker_stopped", workerId=self.id)

    def stop_processing(self) -> None:
        """Claim no more, and drain."""
        self._keeper.is_stopping = True
        self._stopping.set()
        self._wake.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def hurry(self) -> None:
        """Release at once what still runs."""
        self.stop_processing()
        self._hurry.set()

    def _on_ready(self, _payload: str) -> None:
        self._wake.set()

    async def process_job_queue(self, group: asyncio.TaskGroup) -> None:
        """Claim jobs into free slots until told to stop."""
        while not self._stopping.is_set():
            self._wake.clear()  # before the look, so that a job that comes, or a slot that falls free, wakes us again
            free = self._config.slots - len(self._running)
            began = time.monotonic()
            claims = await self._claim(free) if free else Claims([], is_more=False)
            for claim in claims.jobs:
                self._begin(Execution(claim, self._config.lease_s, leased_until=began + self._config.lease_s), group)
            if not claims.is_more:
                # Jobs may have come while we looked at the rest; a full worker is woken by the end of a job.
                await self._woken_or_due()

    def _begin(self, execution: Execution, group: asyncio.TaskGroup) -> None:
        self._running.add(execution)
        task = group.create_task(self._execute(execution, group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _woken_or_due(self) -> None:
        try:
            async with asyncio.timeout(self._config.poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _claim(self, wanted: int) -> Claims:
        try:
            async with self._database.in_one_statement() as connection:
                return await claim_next_jobs(
                    connection, worker_id=self.id, lease_s=self._config.lease_s, job_types=self._job_types.names,
                    share=self._config.share, wanted=wanted,
                )  # fmt: skip
        except DATABASE_ERRORS as error:
            log.warning("claim_delayed", reason=str(error)[:200])
            return Claims([], is_more=False)

    async def _execute(self, execution: Execution, group: asyncio.TaskGroup) -> None:
        try:
            await self._executor.execute_job(execution)
        finally:
            self._running.discard(execution)
            self._wake.set()
            if not self._stopping.is_set():
                # Warming costs a second of processor time, so the next runner is made when this job has ended.
                group.create_task(self._spares.refill())

    async def _drain(self) -> None:
        """Let running scripts end; after the grace, or a second stop, release what is left."""
        if not self._tasks:
            return
        all_ended = asyncio.gather(*self._tasks, return_exceptions=True)
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({all_ended, hurry}, timeout=self._config.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        for execution in tuple(self._running):
            execution.end(Ending.RELEASED)
        await all_ended
