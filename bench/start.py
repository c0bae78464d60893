"""From claim to the script's first page: a warm runner beside a cold one."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import show
from scriptjobs.chromium import find_chromium
from scriptjobs.events import Log
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig, ScriptProcess
from tests.processes import Portal

ROUNDS = 12


async def measure(scratch: Path, portal: Portal) -> dict[str, list[float]]:
    """Milliseconds, cold and warm in turn."""
    config = RunnerConfig(
        job_types_package="bench.job_types", portal_url=portal.address, chromium_path=find_chromium(),
        cache_dir=scratch / "cache", python_path=(str(Path.cwd()), str(Path.cwd() / "queue")),
    )  # fmt: skip
    folders = RunFolders("bench")
    taken: dict[str, list[float]] = {"cold": [], "warm": []}
    order = {
        "jobType": "create-api-key",
        "payload": {},
        "hosts": [urlsplit(portal.address).netloc],
        "checkpoints": {},
        "lease": 60,
    }
    for number in range(2 * ROUNDS):
        kind = ("cold", "warm")[number % 2]
        spare = await ScriptProcess.start(config, folders.new()) if kind == "warm" else None
        if spare:
            await _until_ready(spare)
        began = time.perf_counter()
        process = spare or await ScriptProcess.start(config, folders.new())
        await process.hand_over(order)
        async for event in process.reports():
            if isinstance(event, Log) and event.text == "loaded":
                taken[kind].append((time.perf_counter() - began) * 1_000)
        await process.end()
        folders.remove(process.folder)
    folders.close()
    return taken


async def _until_ready(process: ScriptProcess) -> None:
    """`Ready` is the first thing that a process says."""
    waiting = asyncio.ensure_future(anext(process.reports()))
    await process.ready.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0.3)


def run(scratch: Path, _dsn: str, portal: Portal) -> None:
    """Print both."""
    show("From claim to the script's first page", asyncio.run(measure(scratch, portal)), shares=(0.5, 0.95))
