"""Worker: claims jobs into free slots, woken by the database with polling behind it, and drains on stop."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from scriptjobs import __version__
from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.listener import READY, Listener
from scriptjobs.outages import words_of
from scriptjobs.protocol import lease_now
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.guard import keep_guard
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Vault
from scriptjobs.store.claims import Claims, claim_next_jobs
from scriptjobs.store.workers import Heartbeat
from scriptjobs.supervision import keep_running
from scriptjobs.worker.execution import Ending, Execution
from scriptjobs.worker.executor import Executor, ExecutorConfig
from scriptjobs.worker.lease_keeper import LeaseKeeper
from scriptjobs.worker.stops import StopWatch
from scriptjobs.worker.sweeper import Sweeper

# At a stop, after the grace: what handing back, and then closing, may take.
HAND_BACK_LIMIT_S = 4.0
CLOSE_LIMIT_S = 1.5
LONGEST_REST_S = 30.0
CLAIM_LIMIT_S = 6.0

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
            days=config.retention_days, is_steady=lambda: self._keeper.is_steady,
        )  # fmt: skip
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._died: BaseException | None = None
        self._rest_s = self._rests_until = 0.0

    def _introduce(self) -> Heartbeat:
        return Heartbeat(
            id=self.id, host=socket.gethostname(), pid=os.getpid(), version=__version__, slots=self._config.slots,
            job_types=self._job_types.names,
        )  # fmt: skip

    async def run(self) -> None:
        """Work until `stop_processing`, then drain: running scripts get their grace, the rest is released."""
        log.info("worker_started", workerId=self.id, slots=self._config.slots, sandbox=self._config.runner.sandbox)
        self._listener.subscribe(READY, self._on_ready)
        parts: set[asyncio.Task[None]] = set()
        try:
            await self._keeper.renew()  # who claims jobs is known to live before
            parts = {self._part(name, work) for name, work in self._parts.items()}
            claiming = self._part("claims", self.process_job_queue)
            parts.add(claiming)
            await asyncio.wait({claiming})
            await self._drain()
        finally:
            for part in (*parts, *self._tasks):
                part.cancel()
            self._listener.unsubscribe(READY, self._on_ready)
            await asyncio.shield(self._close())
            log.info("worker_stopped", workerId=self.id)
        if self._died:
            raise self._died

    @property
    def _parts(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "lease keeper": self._keeper.run, "watch for stops": self._stops.run, "sweeps": self._sweeper.run,
            "warm runners": self._spares.keep_full, "guard": lambda: keep_guard(self._folders.home),
        }  # fmt: skip

    def _part(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run a part beside the others. When one has died for good, what runs is handed back and the worker ends."""
        task = asyncio.create_task(keep_running(name, work), name=name)
        task.add_done_callback(self._note_end)
        return task

    def _note_end(self, part: asyncio.Task[None]) -> None:
        if not part.cancelled() and (error := part.exception()):
            self._died = self._died or error
            self.hurry()

    async def _close(self) -> None:
        await self._keeper.say_gone()
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._spares.close()
        except TimeoutError:
            log.warning("process_left", workerId=self.id)  # warm ones, which end with their worker
        self._folders.close()

    def stop_processing(self) -> None:
        """Claim no more, and drain."""
        self._keeper.is_stopping = True
        self._stopping.set()
        self._wake.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    async def wait_for_stop(self) -> None:
        """Return when it is told to stop."""
        await self._stopping.wait()

    def hurry(self) -> None:
        """Release at once what still runs."""
        self.stop_processing()
        self._hurry.set()

    def _on_ready(self, _payload: str) -> None:
        self._wake.set()

    async def process_job_queue(self) -> None:
        """Claim jobs into free slots until told to stop."""
        while not self._stopping.is_set():
            self._wake.clear()  # before the look, so that a job that comes, or a slot that falls free, wakes us again
            free = 0 if self._is_resting else self._config.slots - len(self._running)
            began = lease_now()
            claims = await self._claim(free) if free else Claims([], is_more=False)
            for claim in claims.jobs:
                self._begin(Execution(claim, self._config.lease_s, leased_until=began + self._config.lease_s))
            if not claims.is_more:
                # Jobs may have come while we looked at the rest; a full worker is woken by the end of a job.
                await self._woken_or_due()

    def _begin(self, execution: Execution) -> None:
        self._running.add(execution)
        task = asyncio.create_task(self._execute(execution))
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
            async with self._database.in_one_statement(limit_s=CLAIM_LIMIT_S) as connection:
                return await claim_next_jobs(
                    connection, worker_id=self.id, lease_s=self._config.lease_s, job_types=self._job_types.names,
                    share=self._config.share, wanted=wanted,
                )  # fmt: skip
        except DATABASE_ERRORS as error:
            log.warning("claim_delayed", reason=words_of(error))
            return Claims([], is_more=False)

    async def _execute(self, execution: Execution) -> None:
        try:
            await self._executor.execute_job(execution)
        finally:
            self._running.discard(execution)
            self._rest_if(execution.could_not_start)
            self._wake.set()
            if not self._stopping.is_set():
                # Warming costs a second of processor time, so the next runner is made when this job has ended.
                self._spares.ask_for_more()

    def _rest_if(self, could_not_start: bool) -> None:  # noqa: FBT001
        """A worker that cannot start jobs leaves them to others for a while, and tries again."""
        self._rest_s = min(max(1.0, 2 * self._rest_s), LONGEST_REST_S) if could_not_start else 0.0
        self._rests_until = time.monotonic() + self._rest_s

    @property
    def _is_resting(self) -> bool:
        return time.monotonic() < self._rests_until

    async def _drain(self) -> None:
        """Let running scripts end; after the grace, or a second stop, release what is left."""
        if not self._tasks:
            return
        tasks = set(self._tasks)
        all_ended = asyncio.create_task(asyncio.wait(tasks))
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({all_ended, hurry}, timeout=self._config.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        for execution in tuple(self._running):
            execution.end(Ending.RELEASED)
        await asyncio.wait({all_ended}, timeout=HAND_BACK_LIMIT_S)
        # A database that is silent takes nothing back: the leases run out, and another worker finds the jobs.
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CLOSE_LIMIT_S)
