"""Worker: claims jobs into free slots, woken by the database with polling behind it, and drains on stop."""

import asyncio
import os
import secrets
import socket
import time
from dataclasses import dataclass

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob
from scriptjobs.listener import READY, Listener
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Vault
from scriptjobs.store.claims import claim_next_job
from scriptjobs.worker.execution import Ending, Execution, Executor
from scriptjobs.worker.lease_keeper import LeaseKeeper
from scriptjobs.worker.lifeline import Lifeline

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
            database=database, vault=vault, files=files, spares=self._spares, hosts=config.hosts, worker_id=self.id
        )
        self._running: set[Execution] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(config.slots)
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`, then drain: running scripts get their grace, the rest is released."""
        log.info("worker_started", workerId=self.id, slots=self._config.slots, sandbox=self._config.runner.sandbox)
        wake = self._on_ready
        self._listener.subscribe(READY, wake)
        try:
            await self._folders.sweep()
            async with asyncio.TaskGroup() as group:
                keeper = LeaseKeeper(self._database, self._running, self._config.lease_s)
                side = [
                    group.create_task(keeper.run()),
                    group.create_task(Lifeline(self._database, self.id, self._config.lease_s).run()),
                    group.create_task(self._spares.refill()),
                ]
                await self._process_job_queue(group)
                await self._drain()
                for task in side:
                    task.cancel()
        finally:
            self._listener.unsubscribe(READY, wake)
            await asyncio.shield(self._spares.close())
            self._folders.close()
            log.info("worker_stopped", workerId=self.id)

    def stop(self) -> None:
        """Claim no more, and drain."""
        self._stopping.set()
        self._wake.set()

    def hurry(self) -> None:
        """Release at once what still runs."""
        self.stop()
        self._hurry.set()

    def _on_ready(self, _payload: str) -> None:
        self._wake.set()

    async def _process_job_queue(self, group: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            await self._a_slot_or_stop()
            if self._stopping.is_set():
                return
            self._wake.clear()  # before the look, so that a job that comes during it wakes us again
            began = time.monotonic()
            claim = await self._claim()
            if claim is None:
                self._free.release()
                await self._woken_or_due()
            else:
                execution = Execution(claim, self._config.lease_s, leased_until=began + self._config.lease_s)
                self._running.add(execution)
                task = group.create_task(self._execute(execution, group))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _a_slot_or_stop(self) -> None:
        slot = asyncio.ensure_future(self._free.acquire())
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({slot, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not slot.done():
            slot.cancel()

    async def _woken_or_due(self) -> None:
        try:
            async with asyncio.timeout(self._config.poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _claim(self) -> ClaimedJob | None:
        try:
            async with self._database.as_service(f"worker:{self.id}") as connection:
                return await claim_next_job(
                    connection, worker_id=self.id, lease_s=self._config.lease_s, job_types=self._job_types.names
                )
        except DATABASE_ERRORS as error:
            log.warning("claim_delayed", reason=str(error)[:200])
            return None

    async def _execute(self, execution: Execution, group: asyncio.TaskGroup) -> None:
        try:
            await self._executor.execute_job(execution)
        finally:
            self._running.discard(execution)
            self._free.release()
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
