"""The thread that reads stdin: hands on the job, and ends the whole run when its worker falls silent or dies."""

import asyncio
import json
import os
import signal
import threading
import time
from typing import Any

from scriptjobs.process_marks import end_marked, own_marks
from scriptjobs.protocol import lease_now

_TICK_S = 0.25
_STDIN = 0
_CHUNK_BYTES = 64 * 1024


class Lifeline:
    """Orders from the worker. After a job has come, silence beyond its lease ends the whole run at once:

    a frozen worker cannot stop its script, and the job may run elsewhere by then.
    """

    def __init__(self) -> None:
        self.orders: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = None
        threading.Thread(target=self._read, name="lifeline-read", daemon=True).start()
        threading.Thread(target=self._watch, name="lifeline-watch", daemon=True).start()

    def _read(self) -> None:
        rest = b""
        # Plain reads of the descriptor: a thread inside sys.stdin's lock would break the interpreter's way out.
        while chunk := os.read(_STDIN, _CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        if self._deadline is not None:
            _end_all()
        self._loop.call_soon_threadsafe(self.orders.put_nowait, None)

    def _take(self, order: dict[str, Any]) -> None:
        if "lease" in order:
            self._deadline = float(order["lease"])  # by lease_now
        if set(order) != {"lease"}:
            self._loop.call_soon_threadsafe(self.orders.put_nowait, order)

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK_S)
            if self._deadline is not None and lease_now() > self._deadline:
                _end_all()


def _end_all() -> None:
    """Kill this process, and then everything that it started.

    In this order, so that it can tell nobody that its browser has gone; which is why a copy of it does the killing.
    """
    script = os.getpid()
    try:
        copy = os.fork()
    except OSError:
        copy = 0
    if copy:
        signal.pause()
    if os.getpid() != script:
        os.kill(script, signal.SIGKILL)
    end_marked(own_marks(), but=os.getpid())
    os.killpg(os.getpgrp(), signal.SIGKILL)
