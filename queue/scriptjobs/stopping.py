"""How a process of ours is told to end: SIGTERM, SIGINT and SIGHUP drain it, a second one hurries, a limit ends it."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# After the grace of running scripts everything is over within ten seconds, whatever hangs.
BEYOND_GRACE_S = 9.5


@contextmanager
def hear_stop_signals(stop: Callable[[], None], grace_s: float, *, passes_on: bool) -> Generator[None]:
    """Call `stop` in the event loop at each of the signals. With `passes_on`, what handled the first one before hears
    it as well: a server's own handlers, which at a second one would skip the orderly end. From the first one on, the
    process has `grace_s` seconds and a little more.

    A terminal that closes (SIGHUP) counts as SIGTERM; under `nohup` it is ignored, as asked.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    limit = threading.Timer(grace_s + BEYOND_GRACE_S, end_at_once)
    limit.daemon = True

    def hear(number: int, frame: FrameType | None) -> None:
        is_first = limit.ident is None
        if is_first:
            limit.start()
        loop.call_soon_threadsafe(stop)
        known = signal.SIGTERM if number == signal.SIGHUP else signal.Signals(number)
        handler = before[known]
        if passes_on and is_first and callable(handler):
            handler(known, frame)

    heard = [number for number in SIGNALS if before[number] is not signal.SIG_IGN or number != signal.SIGHUP]
    for number in heard:
        signal.signal(number, hear)
    try:
        yield
    finally:
        limit.cancel()
        for number in heard:
            signal.signal(number, before[number])


def end_at_once(status: int = 1) -> NoReturn:
    """End this process with this exit status, without waiting for anything: its supervisor starts it anew."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
