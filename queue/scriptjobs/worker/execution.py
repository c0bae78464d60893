"""Execution: one claimed job in the hands of this worker, as its keepers and its executor see it."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum

from scriptjobs.events import Failure, Result
from scriptjobs.jobs import ClaimedJob
from scriptjobs.runner.process import ScriptProcess


class Ending(Enum):
    """Why a script is ended from outside."""

    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    RELEASED = "released"
    LOST = "lost"
    TOO_LARGE = "too large"


@dataclass(slots=True, eq=False)
class Execution:
    """One job in the hands of this worker. `end()` asks for its end; what follows is the execution's own affair."""

    claim: ClaimedJob
    lease_s: float
    ending: asyncio.Future[Ending] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    process: ScriptProcess | None = None
    result: Result | None = None
    failure: Failure | None = None
    has_reported: bool = False
    leased_until: float = 0.0
    used_mb: int = 0
    started: float = field(default_factory=time.monotonic)

    def end(self, why: Ending) -> None:
        """End the script; the first reason counts."""
        if not self.ending.done():
            self.ending.set_result(why)

    def is_ending(self, why: Ending) -> bool:
        """Whether it is being ended for this reason."""
        return self.ending.done() and self.ending.result() is why

    async def extend(self, until: float) -> None:
        """The lease was renewed: let the script go on `until` (monotonic seconds)."""
        self.leased_until = until
        if self.process:
            await self.process.extend(until - time.monotonic())
