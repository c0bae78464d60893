"""Execution: one claimed job in the hands of this worker, as its keepers and its executor see it."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from enum import Enum

from scriptjobs.events import Failure, Result
from scriptjobs.jobs import ClaimedJob
from scriptjobs.protocol import lease_now
from scriptjobs.runner.process import ScriptProcess

# A process that does not read its orders is told about its lease no longer than this.
EXTEND_LIMIT_S = 0.3
# A script ends itself so much before its lease does (a share of the lease, seconds at most): to end takes a moment, and
# the job may run elsewhere the moment that the lease is over.
MARGIN_SHARE, MARGIN_LIMIT_S = 0.15, 1.0
# And this much before that (a share of the margin), a renewal may come too late to be heard by it.
HEARING_SHARE = 0.5


class Ending(Enum):
    """Why a script is ended from outside. `LOST`: its lease ran out, or something else of ours gave way."""

    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    RELEASED = "released"
    LOST = "lost"
    TOO_LARGE = "too large"


@dataclass(slots=True, eq=False)
class Execution:
    """One job in the hands of this worker. `end()` asks for its end; what follows is the executor's work. `trouble`:
    what of ours went wrong, in words for people.
    """

    claim: ClaimedJob
    lease_s: float
    ending: asyncio.Future[Ending] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    process: ScriptProcess | None = None
    result: Result | None = None
    failure: Failure | None = None
    has_reported: bool = False
    leased_until: float = field(default_factory=lambda: float("inf"))
    trouble: str = ""
    could_not_start: bool = False
    used_mb: int = 0
    started: float = field(default_factory=time.monotonic)

    def end(self, why: Ending) -> None:
        """End the script; the first reason counts."""
        if not self.ending.done():
            self.ending.set_result(why)

    def is_ending(self, why: Ending) -> bool:
        """Whether it is being ended for this reason."""
        return self.ending.done() and self.ending.result() is why

    @property
    def has_lapsed(self) -> bool:
        """Whether the lease has run out for the script: it has ended itself, or will before it hears of a renewal."""
        return lease_now() > self.leased_until - self._margin_s * (1 + HEARING_SHARE)

    @property
    def left_to_script_s(self) -> float:
        """How long (seconds) the script may go on without hearing of another renewal."""
        return max(self.leased_until - self._margin_s - lease_now(), 0.1)

    @property
    def _margin_s(self) -> float:
        return min(self.lease_s * MARGIN_SHARE, MARGIN_LIMIT_S)

    def lose(self) -> None:
        """End the script because its lease has run out, if nothing else has ended it before."""
        if self.ending.done():
            return
        silent_s = lease_now() - self.leased_until + self.lease_s
        why = self.trouble or "this machine stood still"
        self.trouble = f"The worker could not renew its lease for {silent_s:.0f} s ({why})."
        self.end(Ending.LOST)

    def end_for_time(self) -> None:
        """End a script whose time is up. Whether it was cut off before comes first."""
        if self.has_lapsed:
            self.lose()
        self.end(Ending.TIMED_OUT)

    async def extend(self, until: float) -> None:
        """The lease was renewed: let the script go on `until` (`lease_now`). One that has lapsed stays lapsed."""
        if self.has_lapsed:
            self.lose()
            return
        self.leased_until, self.trouble = until, ""
        if self.process:
            with contextlib.suppress(TimeoutError):  # it finds its lease lapsed, should it wake up
                async with asyncio.timeout(EXTEND_LIMIT_S):
                    await self.process.extend(self.left_to_script_s)
