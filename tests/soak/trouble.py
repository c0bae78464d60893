"""Trouble: what happens to workers, machines and files while jobs run, drawn by chance from one seed."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from tests.soak.crew import LEASE_S, Crew

# How often each trouble is drawn, in parts.
WEIGHTS = {
    "kill": 5, "freeze": 2, "pause_machine": 1, "update": 2, "kill_script": 7, "files": 2, "home": 2, "disk": 2,
}  # fmt: skip


class Maker:
    """Makes trouble of the kinds that its methods name, one after the other, until it is stopped."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._stopped = asyncio.Event()

    async def run(self, pause_s: float = 1.0) -> None:
        """What has begun is brought to its end: a frozen worker is thawed, a database is started again."""
        while not self._stopped.is_set():
            try:
                async with asyncio.timeout(random.uniform(0.3, 1.7) * pause_s):
                    await self._stopped.wait()
            except TimeoutError:
                [name] = random.choices([*self._weights], [*self._weights.values()])
                make: Callable[[], Any] = getattr(self, f"_{name}")
                await make()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped.set()


class Trouble(Maker):
    """Trouble of workers."""

    def __init__(self, crew: Crew, weights: Mapping[str, int] = WEIGHTS) -> None:
        super().__init__(weights)
        self._crew = crew

    async def _kill(self) -> None:
        self._crew.kill()

    async def _update(self) -> None:
        await asyncio.to_thread(self._crew.drain)

    async def _kill_script(self) -> None:
        self._crew.kill_script()

    async def _freeze(self) -> None:
        with self._crew.frozen(whole=False):
            await asyncio.sleep(LEASE_S * random.uniform(0.5, 2.5))

    async def _pause_machine(self) -> None:
        with self._crew.frozen(whole=True):
            await asyncio.sleep(LEASE_S * random.uniform(0.5, 2.5))

    async def _home(self) -> None:
        self._crew.remove_home()

    async def _disk(self) -> None:
        with self._crew.full():
            await asyncio.sleep(random.uniform(1, 5))

    async def _files(self) -> None:
        """No file can be stored for a moment: a plain file stands where the folder was."""
        folder = self._crew.files
        aside = folder.with_name("files aside")
        with self._crew.deeds.during("file faults"):
            folder.rename(aside)
            folder.touch()
            await asyncio.sleep(random.uniform(0.5, 2))
            folder.unlink()
            aside.rename(folder)
