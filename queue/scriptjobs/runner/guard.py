"""Keeps a guard beside the worker: starts it, asks whether it is awake, and replaces one that died or froze."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import structlog

START_TIMEOUT_S = 20.0
ASK_EVERY_S = 0.5
ANSWER_TIMEOUT_S = 10.0
RETRY_DELAY_S = 1.0

log = structlog.get_logger()


async def keep_guard(home: Path) -> None:
    """Keep a guard of the runs in `home` until cancelled; then it ends what is left of them, and itself."""
    while True:
        try:
            await _keep_one(home)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            log.warning("guard_lost", reason=repr(error)[:200])
        await asyncio.sleep(RETRY_DELAY_S)


async def _keep_one(home: Path) -> None:
    """Start a guard and ask it again and again. Raises OSError, EOFError or TimeoutError when it no longer answers."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    try:
        with theirs:
            await _start(home, theirs)
        async with asyncio.timeout(START_TIMEOUT_S):
            pid = int(await reader.readuntil())
        try:
            await _ask(reader, writer)
        except TimeoutError:
            # It would take our turning away for the worker's end when it wakes up.
            os.kill(pid, signal.SIGKILL)
            raise
    finally:
        writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b".")
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await reader.readexactly(1)
        await asyncio.sleep(ASK_EVERY_S)


async def _start(home: Path, theirs: socket.socket) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scriptjobs.child.guard", str(home),
        stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        cwd="/", env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await process.wait()  # it goes on as nobody's child
    except BaseException:
        process.kill()
        raise
