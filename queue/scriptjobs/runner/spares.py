"""Warm runners: processes with the browser open, each used once, replaced while its job runs."""

import asyncio
import contextlib
from collections import deque

import structlog

from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig, ScriptProcess

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0

log = structlog.get_logger()


class Spares:
    """Keeps `size` processes warm. One that died waiting is replaced when its turn comes."""

    def __init__(self, config: RunnerConfig, folders: RunFolders, size: int) -> None:
        self._config = config
        self._folders = folders
        self._size = size
        self._waiting: deque[ScriptProcess] = deque()
        self._lock = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._wanted.set()

    async def take(self) -> ScriptProcess:
        """A warm process, or a cold one when none is left."""
        while self._waiting:
            spare = self._waiting.popleft()
            if spare.is_alive and spare.folder.is_dir():
                return spare
            await self.discard(spare)
        return await self._start()

    def ask_for_more(self) -> None:
        """Let `keep_full` look whether one is missing."""
        self._wanted.set()

    async def keep_full(self) -> None:
        """Start what is missing, now and whenever somebody asks, until cancelled. A start that fails is tried again
        after a growing pause: without a warm process a job begins a second later, and that is all.
        """
        delay_s = FIRST_DELAY_S
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.refill()
                delay_s = FIRST_DELAY_S
            except OSError as error:
                log.warning("spare_not_started", reason=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, LONGEST_DELAY_S)
                self._wanted.set()

    async def refill(self) -> None:
        """Start what is missing.

        Raises:
            OSError: the machine has no room, no process or no descriptor left.
        """
        async with self._lock:
            while len(self._waiting) < self._size:
                self._waiting.append(await self._start())

    async def discard(self, process: ScriptProcess, *, job_id: str | None = None) -> None:
        """End a process, used by a job or not, and remove its folder."""
        if not await process.end():
            log.error("process_left", jobId=job_id, pid=process.pid)
        if process.leftovers:
            log.warning("leftovers_ended", jobId=job_id, pid=process.pid, leftovers=process.leftovers)
        await asyncio.to_thread(self._folders.remove, process.folder)  # a browser leaves hundreds of files

    async def close(self) -> None:
        """End all that wait."""
        self._size = 0
        with contextlib.suppress(IndexError):
            while True:
                await self.discard(self._waiting.popleft())

    async def _start(self) -> ScriptProcess:
        return await ScriptProcess.start(self._config, self._folders.new())
