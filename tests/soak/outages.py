"""Outages: what happens to the database and the lines to it while jobs run, drawn by chance from one seed."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psutil

from scriptjobs.database import DATABASE_ERRORS, connect
from scriptjobs.embedded import EmbeddedPostgres
from tests.soak.crew import Crew
from tests.soak.trouble import Maker

# How often each is drawn, in parts.
WEIGHTS = {"cut": 6, "deafen": 4, "kill": 2, "silence": 4, "lock": 2, "pause": 2, "read_only": 2}
SHORT_S, LONG_SHARE = 8.0, 0.2
READ_ONLY = "alter database postgres set default_transaction_read_only = on"


class Outages(Maker):
    """Trouble of the database. `longest_s` bounds each."""

    def __init__(
        self, crew: Crew, postgres: EmbeddedPostgres, weights: Mapping[str, int] = WEIGHTS, longest_s: float = 25.0
    ) -> None:
        super().__init__(weights)
        self._crew = crew
        self._postgres = postgres
        self._longest_s = longest_s

    async def _lasts(self) -> None:
        """Most are over in seconds; some outlast every time limit."""
        most_s = self._longest_s if random.random() < LONG_SHARE else min(SHORT_S, self._longest_s)
        await asyncio.sleep(random.uniform(2, most_s))

    async def _cut(self) -> None:
        with self._crew.deeds.during("connections cut"):
            await self._terminate("application_name = 'script-jobs'", share=0.5)

    async def _deafen(self) -> None:
        """Notifications sent while a listener is away are lost."""
        self._crew.deeds.note("listeners cut")
        await self._terminate("application_name = 'script-jobs listener'", share=0.5)

    async def _terminate(self, which: str, share: float) -> None:
        with contextlib.suppress(*DATABASE_ERRORS):
            async with self._connected() as connection:
                await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    f"where {which} and random() < {share} and pid <> pg_backend_pid()"
                )

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Any]:
        connection = await connect(self._postgres.start())
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def _silence(self) -> None:
        with self._crew.silent():
            await self._lasts()

    async def _lock(self) -> None:
        """Somebody changes a table, and takes their time."""
        table = random.choice(("script_jobs", "script_job_attempts"))
        async with self._connected() as connection:
            with contextlib.suppress(*DATABASE_ERRORS), self._crew.deeds.during("tables locked"):
                async with connection.transaction():
                    await connection.execute(f"lock table public.{table} in access exclusive mode")
                    await self._lasts()

    async def _pause(self) -> None:
        """The database's machine stands still."""
        pids = [process.pid for process in self._processes()]
        with self._crew.deeds.during("databases paused"):
            try:
                for pid in pids:
                    _signal(pid, signal.SIGSTOP)
                await self._lasts()
            finally:
                for pid in pids:
                    _signal(pid, signal.SIGCONT)

    async def _read_only(self) -> None:
        """Sessions from now on cannot write, and half of the others are ended; some keep this beyond the trouble."""
        with self._crew.deeds.during("databases read-only"):
            async with self._connected() as connection:
                await connection.execute(READ_ONLY)
            await self._terminate("application_name = 'script-jobs'", share=0.5)
            await self._lasts()
            async with self._connected() as connection:
                await connection.execute("set default_transaction_read_only = off")
                await connection.execute("alter database postgres reset default_transaction_read_only")

    async def _kill(self) -> None:
        """kill -9 of the server with all its processes, and a start on what it left."""
        process = self._postgres._process
        assert process is not None
        with self._crew.deeds.during("databases killed"):
            for victim in self._processes():
                with contextlib.suppress(psutil.Error):
                    victim.kill()
            process.wait()
            self._postgres._process = None
            await asyncio.sleep(random.uniform(0.2, 1.5))
            self._postgres.start()  # in this thread: the server lives as long as the thread that starts it

    def _processes(self) -> list[psutil.Process]:
        process = self._postgres._process
        assert process is not None
        return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
