"""Trouble: what happens to crew, database and files while jobs run, drawn by chance from one seed."""

import asyncio
import contextlib
import random

import psutil

from scriptjobs.database import connect
from scriptjobs.embedded import EmbeddedPostgres
from tests.soak.crew import LEASE_S, Crew

# How often each trouble is drawn, in parts.
WEIGHTS = {"kill": 5, "freeze": 2, "update": 2, "kill_script": 6, "cut": 4, "deafen": 3, "files": 2, "database": 2}


class Trouble:
    """Makes trouble until cancelled; leaves everything as it should be."""

    def __init__(self, crew: Crew, postgres: EmbeddedPostgres, weights: dict[str, int] = WEIGHTS) -> None:
        self._crew = crew
        self._postgres = postgres
        self._weights = weights

    async def run(self, pause_s: float = 1.0) -> None:
        """One trouble after the other."""
        while True:
            await asyncio.sleep(random.uniform(0.3, 1.7) * pause_s)
            name = random.choices([*self._weights], [*self._weights.values()])[0]
            # What has begun is brought to its end: a frozen worker is thawed, a database is started again.
            await asyncio.shield(getattr(self, f"_{name}")())

    async def _kill(self) -> None:
        self._crew.kill()

    async def _update(self) -> None:
        await asyncio.to_thread(self._crew.drain)

    async def _kill_script(self) -> None:
        self._crew.kill_script()

    async def _freeze(self) -> None:
        worker = self._crew.freeze()
        await asyncio.sleep(LEASE_S * random.uniform(0.5, 2))
        self._crew.thaw(worker)

    async def _cut(self) -> None:
        await self._terminate("application_name = 'script-jobs'", "connections cut")

    async def _deafen(self) -> None:
        """Notifications sent while a listener is away are lost."""
        await self._terminate("application_name = 'script-jobs listener'", "listeners cut")

    async def _terminate(self, which: str, name: str) -> None:
        with contextlib.suppress(Exception):  # the database may be restarting
            connection = await connect(self._postgres.start())
            cut = await connection.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                f"where {which} and random() < 0.5 and pid <> pg_backend_pid()"
            )
            self._crew.counts[name] += cut
            await connection.close()

    async def _files(self) -> None:
        """No file can be written for a moment: a plain file stands where the folder was."""
        folder = self._crew.files
        aside = folder.with_name("files aside")
        folder.rename(aside)
        folder.touch()
        await asyncio.sleep(random.uniform(0.5, 2))
        folder.unlink()
        aside.rename(folder)
        self._crew.counts["file faults"] += 1

    async def _database(self) -> None:
        """kill -9 of the server with all its processes, and a start on what it left."""
        process = self._postgres._process
        assert process is not None
        victims = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        process.wait()
        self._postgres._process = None
        await asyncio.sleep(random.uniform(0.2, 1.5))
        self._postgres.start()  # in this thread: the server lives as long as the thread that starts it
        self._crew.counts["databases killed"] += 1
