"""Supervision: a part of the process that fails is started again; one that fails again and again ends the process."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from scriptjobs.errors import PartDied

LIMIT = 5
WINDOW_S = 60.0
FIRST_DELAY_S = 0.1

log = structlog.get_logger()


async def keep_running(
    name: str, work: Callable[[], Awaitable[None]], *, limit: int = LIMIT, window_s: float = WINDOW_S
) -> None:
    """Run `work` until it ends by itself or is cancelled; start it again when it raises, after a growing pause.

    Raises:
        PartDied: it has raised `limit` times within `window_s` seconds.
    """
    failures: deque[float] = deque(maxlen=limit)
    while True:
        try:
            await work()
        except Exception as error:
            failures.append(time.monotonic())
            recent = [moment for moment in failures if failures[-1] - moment <= window_s]
            log.exception("part_failed", part=name, failures=len(recent))
            if len(recent) >= limit:
                raise PartDied(f"The {name} failed {limit} times within {window_s:g} seconds.") from error
            await asyncio.sleep(FIRST_DELAY_S * 2 ** len(recent))
        else:
            return
