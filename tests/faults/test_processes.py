"""Processes of scripts: what they leave is found and ended, in whatever way they end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import uvloop

from scriptjobs.process_marks import mark_of
from scriptjobs.runner import process as processes
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.process import RunnerConfig, ScriptProcess
from scriptjobs.runner.process_tree import find_members
from tests.escaping import WAYS, strays
from tests.processes import alive, until

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


# Like every script's process, it waits for its first line before it starts anything.
HOLDS_OUTPUT = """
import os, signal, sys, time
sys.stdin.readline()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    {parent}
open("child", "w").write(str(os.getpid()))
time.sleep(600)
"""


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("parent", ["time.sleep(0.3); os._exit(7)", "time.sleep(600)"])
@pytest.mark.parametrize("is_deaf_parent", [True, False])
def test_a_child_that_keeps_the_output_open_ends_with_its_script(
    tmp_path: Path, run: Callable[..., None], parent: str, *, is_deaf_parent: bool
) -> None:
    """Whether the script ends by itself, or is asked to and hears it or not."""
    hears = "" if is_deaf_parent else "signal.signal(signal.SIGTERM, signal.SIG_DFL); "
    command = (sys.executable, "-c", HOLDS_OUTPUT.format(parent=hears + parent))

    async def scenario() -> None:
        process = await ScriptProcess.start(
            RunnerConfig(job_types_package="none", portal_url="none", command=command), tmp_path
        )
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
            await asyncio.sleep(0.02)
        began = time.monotonic()
        if "_exit" in parent:
            assert await asyncio.wait_for(process.wait(), 2) == 7
        assert await process.end()
        assert time.monotonic() - began < 3
        assert not alive({int((tmp_path / "child").read_text())})

    run(scenario())


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


def test_a_mark_goes_with_everything_that_is_started(tmp_path: Path, token: str) -> None:
    async def scenario() -> None:
        command = (sys.executable, "-m", "tests.escaping", token, *WAYS)
        config = RunnerConfig(job_types_package="none", portal_url="none", command=command)
        process = await ScriptProcess.start(config, tmp_path)
        reading = asyncio.ensure_future(anext(process.reports()))
        await process.ready.wait()
        # One sleeps, one is frozen, sixteen come of one; the one that forks on and on is another at each look.
        until(lambda: len(find_members(tmp_path) & strays(token)) >= 18, 10, "the start of all")

        assert await process.end()
        assert not strays(token)
        assert not find_members(tmp_path)
        reading.cancel()

    asyncio.run(scenario())


@pytest.mark.parametrize("loop", [asyncio, uvloop])
def test_what_a_script_leaves_is_ended_when_it_ends_and_counted(tmp_path: Path, token: str, loop: object) -> None:
    async def scenario() -> int:
        command = (sys.executable, "-m", "tests.escaping", "--ends", token, "sleeps", "is frozen")
        config = RunnerConfig(job_types_package="none", portal_url="none", command=command)
        process = await ScriptProcess.start(config, tmp_path)
        assert await process.wait() == 0
        deadline = time.monotonic() + 2
        while strays(token):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        assert await process.end()
        return process.leftovers

    assert loop.run(scenario()) == 2  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_the_sweep_finds_what_nobody_ended(tmp_path: Path, token: str) -> None:
    """Worker, guard and script are gone, and no folder or environment tells whose it is."""
    dead, sweeper = RunFolders("dead", tmp_path), RunFolders("sweeper", tmp_path)
    marking = (
        "import resource, sys; from tests.escaping import escape; mark = int(sys.argv[2]);"
        "resource.setrlimit(resource.RLIMIT_RTTIME, (mark, mark)); escape('sleeps', sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", marking, token, str(mark_of(dead.new()))], check=True)
    until(lambda: strays(token), 5, "the stray")
    assert dead._lock is not None
    os.close(dead._lock)

    assert await sweeper.sweep() == 1

    assert not strays(token)


SLOW_TO_START = """
import time
time.sleep(1.5)
import asyncio
from scriptjobs.child.lifeline import Lifeline
async def main():
    Lifeline()
    open("begun", "w").close()
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_lease_runs_from_when_it_was_given_not_from_when_it_was_read(tmp_path: Path) -> None:
    """A process that is slow to start would work beyond it, beside the job's next try."""
    command = (sys.executable, "-c", SLOW_TO_START)

    async def scenario() -> float:
        process = await ScriptProcess.start(
            RunnerConfig(job_types_package="none", portal_url="none", command=command), tmp_path
        )
        await process.hand_over({"jobType": "none", "lease": 1.0})
        assert await asyncio.wait_for(process.wait(), 15) == -signal.SIGKILL
        ended = time.time()
        await process.end()
        return ended - (tmp_path / "begun").stat().st_mtime

    assert asyncio.run(scenario()) < 0.9


def test_a_script_that_does_not_take_its_job_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "TAKE_JOB_S", 0.5)

    async def scenario() -> None:
        process = await ScriptProcess.start(config(60), tmp_path)
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        await process.hand_over({"payload": "x" * 900_000, "lease": 60})
        await process.extend(60)
        await process.ask_to_stop()

        assert time.monotonic() - began < 0.3
        assert await asyncio.wait_for(process.wait(), 10) == -signal.SIGKILL
        assert process.fault is not None
        assert process.fault.code == "WORKER_DIED"
        assert await process.end()

    before = len(os.listdir("/proc/self/fd"))
    uvloop.run(scenario())
    assert len(os.listdir("/proc/self/fd")) <= before
