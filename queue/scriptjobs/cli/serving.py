"""The demo's processes, the app and the sandbox portal: started, watched, and ended with us, however we end."""

import asyncio
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2
from rich.console import Console

from scriptjobs.errors import SetupError

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
SAY_EVERY_S = 5.0
LOOK_EVERY_S = 0.1
_PR_SET_PDEATHSIG = 1
# The last line of a traceback.
_RAISED = re.compile(r"^(?:[\w]+\.)*[A-Z]\w*(?:Error|Exception|Died|Refused|Unavailable): (.+)$", re.MULTILINE)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Server:
    """A uvicorn process; what it says goes to `log`, where its part begins at byte `begins`."""

    title: str
    address: str
    process: subprocess.Popen[bytes]
    log: Path
    begins: int

    def last_words(self) -> str:
        """What it died of, as one line."""
        said = self.log.read_bytes()[self.begins :].decode(errors="replace")
        lines = [text for line in said.splitlines() if (text := _text_of(line))]
        raised = _RAISED.findall("\n".join(lines))
        return str((raised or lines or ["it said nothing"])[-1]).strip()


@contextmanager
def serving(title: str, app: list[str], address: str, environment: dict[str, str], log: Path) -> Generator[Server]:
    """A uvicorn process for the length of the block. `app` is how uvicorn finds it, `address` is http://HOST:PORT."""
    host, port = address.removeprefix("http://").rsplit(":", 1)
    command = [sys.executable, "-m", "uvicorn", *app, "--host", host, "--port", port, "--no-access-log"]
    libc = ctypes.CDLL(None)
    begins = log.stat().st_size
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=(lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)) if sys.platform == "linux" else None,
        )  # fmt: skip
    try:
        yield Server(title, address, process, log, begins)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)


async def until_ready(server: Server, path: str, console: Console) -> None:
    """Wait until `path` answers 200, and say every few seconds that it is still awaited.

    Raises:
        SetupError: it does not within a minute.
    """
    began = said_at = time.monotonic()
    async with httpx2.AsyncClient(trust_env=False, timeout=SAY_EVERY_S) as http:
        while (now := time.monotonic()) < began + START_TIMEOUT_S:
            try:
                if (await http.get(f"{server.address}{path}")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            if now - said_at >= SAY_EVERY_S:
                console.print(f"  … {server.title} is still starting ({now - began:.0f} s)")
                said_at = now
            await asyncio.sleep(LOOK_EVERY_S)
    raise SetupError(f"{server.title} did not start within {START_TIMEOUT_S:.0f} s. Its log: {server.log}")


async def while_they_live(servers: list[Server], work: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer of `work`, which is broken off when one of the servers ends.

    Raises:
        SetupError: one has ended; the message says of what.
    """
    asked = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_until_one_ends(servers))
    try:
        await asyncio.wait({asked, watch}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        ended = watch.result()
        raise SetupError(f"{ended.title} has ended: {ended.last_words()}\nIts log: {ended.log}")
    finally:
        asked.cancel()
        watch.cancel()
        await asyncio.gather(asked, watch, return_exceptions=True)


async def _until_one_ends(servers: list[Server]) -> Server:
    while True:
        for server in servers:
            if server.process.poll() is not None:
                return server
        await asyncio.sleep(LOOK_EVERY_S)


def _text_of(line: str) -> str:
    """The words of a line of the log, which is JSON or text; nothing of uvicorn's own last line."""
    try:
        fields: Any = json.loads(line)
    except ValueError:
        fields = line
    words = line
    if isinstance(fields, dict):
        told = cast("dict[str, Any]", fields)
        words = str(told.get("reason") or told.get("event") or line)
    return "" if "Application startup failed" in words else words.strip()
