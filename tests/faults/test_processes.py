"""Processes of scripts: what they leave is found and ended, in whatever way they end."""

import asyncio
import os
import sys
import time
from pathlib import Path

import psutil
import pytest
import uvloop

from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig, ScriptProcess
from scriptjobs.runner.process_tree import find_members

CODE = "import sys, time; time.sleep({})"


def config(seconds: float) -> RunnerConfig:
    return RunnerConfig(
        job_types_package="none", portal_url="none", command=(sys.executable, "-c", CODE.format(seconds))
    )


def test_a_lease_that_comes_after_the_end_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await ScriptProcess.start(config(0), tmp_path)
        await process.wait()
        for _ in range(5):
            await process.extend(5)
            await asyncio.sleep(0.05)
        await process.end()
        await asyncio.sleep(0.05)  # the loop closes pipes in its next round

    uvloop.run(scenario())


def test_a_folder_with_a_similar_name_is_not_mistaken(tmp_path: Path) -> None:
    async def scenario() -> None:
        one, ten = tmp_path / "1", tmp_path / "10"
        one.mkdir()
        ten.mkdir()
        first, second = await ScriptProcess.start(config(60), one), await ScriptProcess.start(config(60), ten)
        assert find_members(one) == {first.pid}
        assert await first.end()
        assert second.is_alive
        assert await second.end()

    asyncio.run(scenario())


@pytest.mark.anyio
async def test_the_sweep_ends_what_a_dead_worker_left_and_spares_the_living(tmp_path: Path) -> None:
    dead, living, sweeper = (RunFolders(name, tmp_path) for name in ("dead", "living", "sweeper"))
    left = await ScriptProcess.start(config(60), dead.new())
    kept = await ScriptProcess.start(config(60), living.new())
    assert dead._lock is not None
    os.close(dead._lock)  # what the kernel does when the worker dies

    assert await sweeper.sweep() == 1

    assert not dead.home.exists()
    assert kept.is_alive
    deadline = time.monotonic() + 5
    while psutil.pid_exists(left.pid) and psutil.Process(left.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await left.end()
    assert await kept.end()
