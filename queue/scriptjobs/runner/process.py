"""One script's process: start, hand over the job on stdin, read reports and output, end it with all it started."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from scriptjobs.chromium import browsers_path
from scriptjobs.events import Event, Failure, Ready
from scriptjobs.process_marks import END_TIMEOUT_S, mark_of, put_mark
from scriptjobs.protocol import MAX_LINE_BYTES, decode, encode_order, lease_now, too_long
from scriptjobs.runner.printed import CHUNK_BYTES, Line, read_lines
from scriptjobs.runner.process_tree import end_members

READ_OUT_S = 2.0
# A process that does not read its job in this time is frozen; a cold one on a busy machine needs some seconds.
TAKE_JOB_S = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerConfig:
    """What every script's process gets before it knows its job. Nothing in it is secret.

    `endpoint` is a browser elsewhere; `tracing` is off, failures or always; `environment` is for scripts in other
    languages.
    """

    job_types_package: str
    portal_url: str
    chromium_path: str | None = None
    headed: bool = False
    sandbox: bool = False
    cache_dir: Path | None = None
    memory_mb: int = 0
    endpoint: str | None = None
    tracing: str = "off"
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    command: tuple[str, ...] = (sys.executable, "-m", "scriptjobs.child.main")
    python_path: tuple[str, ...] = field(default_factory=lambda: tuple(path for path in sys.path if path))


class _Watched(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells when the process has ended. `Process.wait` may return later (CPython 3.11): when nobody holds its pipes."""

    def __init__(self) -> None:
        super().__init__(limit=CHUNK_BYTES, loop=asyncio.get_running_loop())
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        self.exited.set()
        super().process_exited()


class ScriptProcess:
    """A process that waits warm for a job, runs it once, and is gone afterwards."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        exited: asyncio.Event,
        folder: Path,
        reports: asyncio.StreamReader,
        pipe: asyncio.ReadTransport,
    ) -> None:
        self._process = process
        self._exited = exited
        self._reports = reports
        self._pipe = pipe
        self.folder = folder
        self.pid = process.pid
        self.ready = asyncio.Event()
        # Why the worker ended it by itself, if it did.
        self.fault: Failure | None = None
        # How many processes still ran when it had ended by itself.
        self.leftovers = 0
        self._is_ended = False
        self._ending = asyncio.create_task(self._end_leftovers())
        self._tasks: list[asyncio.Task[Any]] = [self._ending]

    @classmethod
    async def start(cls, config: RunnerConfig, folder: Path) -> "ScriptProcess":
        """Start a process in `folder`, its own session and group, and let it warm up."""
        loop = asyncio.get_running_loop()
        read_end, write_end = os.pipe()
        try:
            transport, watched = await loop.subprocess_exec(
                _Watched, *config.command, str(write_end),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                cwd=folder, env=_environment(config, folder), pass_fds=(write_end,), start_new_session=True,
            )  # fmt: skip
            process = asyncio.subprocess.Process(transport, watched, loop)
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        # It starts nothing before it has been told how, below.
        if not put_mark(process.pid, mark_of(folder)):
            log.warning("run_not_marked", pid=process.pid)
        reports = asyncio.StreamReader(limit=MAX_LINE_BYTES)
        pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reports), os.fdopen(read_end, "rb", buffering=0)
        )
        script = cls(process, watched.exited, folder, reports, pipe)
        script._send(
            {"browser": {"path": config.chromium_path, "headed": config.headed, "sandbox": config.sandbox,
                         "endpoint": config.endpoint},
             "package": config.job_types_package, "portalUrl": config.portal_url, "memoryMb": config.memory_mb,
             "tracing": config.tracing, "environment": dict(config.environment)}
        )  # fmt: skip
        return script

    @property
    def is_alive(self) -> bool:
        """Whether the process itself still runs."""
        return self._process.returncode is None

    async def hand_over(self, order: dict[str, Any]) -> None:
        """Give the process its job (type, open payload, checkpoints, lease in seconds). One that does not read it is
        ended.
        """
        self._send(order | _until(order["lease"]))
        self._tasks.append(asyncio.create_task(self._see_it_taken()))

    async def extend(self, lease_s: float) -> None:
        """Let the script go on for `lease_s` more seconds; without this it ends itself, as a frozen worker's must."""
        self._send(_until(lease_s))

    async def ask_to_stop(self) -> None:
        """Ask the script to end by itself: it closes its browser and goes."""
        self._send({"stop": True})

    async def reports(self) -> AsyncGenerator[Event]:
        """What the script reports, in order, until it closes its pipe.

        Raises:
            ScriptError: it wrote something that is none of our lines.
        """
        while True:
            try:
                line = await self._reports.readline()
            except ValueError as error:
                raise too_long() from error
            if not line:
                return
            event = decode(line)
            if isinstance(event, Ready):
                self.ready.set()
            else:
                yield event

    async def pass_on_output(self, take: Callable[[str, Line], None]) -> None:
        """Hand on the lines of stdout and stderr, with the name of their stream, until both are closed."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None

        async def pass_on(stream: asyncio.StreamReader, source: str) -> None:
            async for line in read_lines(stream):
                take(source, line)

        await asyncio.gather(pass_on(self._process.stdout, "stdout"), pass_on(self._process.stderr, "stderr"))

    async def wait(self) -> int:
        """The exit status; negative for a signal."""
        await self._exited.wait()
        status = self._process.returncode
        assert status is not None
        return status

    async def end(self, *, grace_s: float = 0.5) -> bool:
        """End the process and everything that it started. Returns whether nothing is left."""
        if self.is_alive:
            self._is_ended = True
            self._signal(signal.SIGTERM)
            await asyncio.wait({self._ending}, timeout=grace_s)
        if self.is_alive:
            try:
                await end_members(self.folder, self.pid)
            except OSError:  # no descriptor is free to look for the others with
                self._signal(signal.SIGKILL)
        await asyncio.wait({self._ending}, timeout=END_TIMEOUT_S + READ_OUT_S)
        is_gone = self._ending.done() and not self._ending.exception() and self._ending.result()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pipe.close()
        return is_gone

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def _end_leftovers(self) -> bool:
        """When the process has ended, end at once what it left: it may hold the pipes open, or go on working. Returns
        whether nothing is left.
        """
        await self._exited.wait()
        is_by_itself = not self._is_ended
        ended = await end_members(self.folder)
        self.leftovers = ended.killed if is_by_itself else 0
        return not ended.left

    async def _see_it_taken(self) -> None:
        try:
            async with asyncio.timeout(TAKE_JOB_S):
                await self._stdin.drain()
        except (ConnectionError, RuntimeError):
            return  # it died; its exit status tells why
        except TimeoutError:
            said = "The script's process did not take its job. This has nothing to do with your input."
            self.fault = Failure(code="WORKER_DIED", message=said)
            await end_members(self.folder, self.pid)

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    def _send(self, message: dict[str, Any]) -> None:
        """Write a line to the process, without waiting for it to be read: one that is frozen must hold up nobody. One
        that died meanwhile hears nothing; its exit status tells why.
        """
        # RuntimeError is what uvloop raises for a pipe that is closed already.
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._stdin.write(encode_order(message))


def _until(lease_s: float) -> dict[str, float]:
    """A lease as the process is told of it: by the clock, since it may read this later."""
    return {"lease": lease_now() + lease_s}


def _environment(config: RunnerConfig, folder: Path) -> dict[str, str]:
    """The whole environment of a script: nothing of ours is inherited."""
    environment = {
        "PATH": os.defpath if not os.environ.get("PATH") else os.environ["PATH"],
        "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(config.python_path), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "PLAYWRIGHT_BROWSERS_PATH": str(browsers_path()),
    }  # fmt: skip
    if config.cache_dir:
        environment["NODE_COMPILE_CACHE"] = str(config.cache_dir)
    if config.headed:
        environment["DISPLAY"] = os.environ["DISPLAY"]
        environment["XAUTHORITY"] = os.environ.get("XAUTHORITY") or str(Path.home() / ".Xauthority")
    return environment
