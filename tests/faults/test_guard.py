"""The guard beside a worker: with it, nothing of a run outlives its worker or its script."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from scriptjobs.process_marks import find_marked, marks_of
from tests.escaping import WAYS, strays
from tests.processes import alive, until

GUARD = "scriptjobs.child.guard"


@pytest.fixture
def start_lone(tmp_path: Path, token: str) -> Generator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a worker whose run has escaping processes; it is ready when they and the guard are there."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*ways: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.lone_worker", str(tmp_path), token, *ways]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        until(lambda: len(strays(token)) >= len(ways) and guards(tmp_path), 20, "the run and its guard")
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def guards(root: Path) -> set[int]:
    """The guards of the worker whose folder lies in `root`."""
    found = {process.pid for process in psutil.process_iter() if _command(process)[2:] == [GUARD, f"{root}/sj-lone"]}
    # The one that starts it is its parent for a moment.
    return {pid for pid in alive(found) if os.getsid(pid) == pid}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def members(root: Path) -> set[int]:
    return find_marked(marks_of(root / "sj-lone"))


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_worker_takes_everything_along_at_once(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str, way: str
) -> None:
    worker = start_lone(way)

    worker.kill()
    began = time.monotonic()
    until(lambda: not strays(token) and not members(tmp_path), 5, "the end of all")
    took = time.monotonic() - began

    assert took < 1
    until(lambda: not guards(tmp_path) and not list(tmp_path.glob("sj-*")), 5, "the end of guard and folder")


def test_a_worker_that_is_killed_with_all_its_children_leaves_nothing(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps")
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]

    for process in family:
        process.kill()

    until(lambda: not strays(token) and not members(tmp_path), 1, "the end of all")


def test_without_a_guard_the_run_ends_itself_with_its_worker(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps", "is frozen")
    for pid in guards(tmp_path):
        os.kill(pid, signal.SIGKILL)
    worker.kill()

    until(lambda: not strays(token) and not members(tmp_path), 1, "the end of all")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_guard_that_dies_or_freezes_is_replaced_and_the_run_goes_on(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str, number: signal.Signals
) -> None:
    worker = start_lone("sleeps")
    [first] = guards(tmp_path)
    os.kill(first, number)

    until(lambda: guards(tmp_path) - {first} and not alive({first}), 15, "another guard")
    assert strays(token)
    worker.kill()
    until(lambda: not strays(token), 1, "the end of all")


def test_a_guard_hears_no_polite_signal(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps")
    for pid in guards(tmp_path):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, number)
    worker.kill()

    until(lambda: not strays(token), 1, "the end of all")


def test_a_frozen_script_dies_with_its_worker(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps")
    for child in psutil.Process(worker.pid).children():
        child.suspend()
    worker.kill()

    until(lambda: not strays(token) and not members(tmp_path), 1, "the end of all")


def test_a_frozen_workers_run_ends_with_all_that_it_started(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps", "is frozen")
    worker.send_signal(signal.SIGSTOP)

    until(lambda: not strays(token) and not members(tmp_path), 10, "the end of the lease")


def test_a_killed_script_leaves_nothing_though_its_worker_lives(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    worker = start_lone("sleeps")
    for child in psutil.Process(worker.pid).children():
        child.kill()

    until(lambda: not strays(token) and not members(tmp_path), 1, "the end of all")


def test_a_script_that_ends_beside_a_frozen_worker_leaves_nothing(
    start_lone: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, token: str
) -> None:
    """Long before the end of its lease: the job may run elsewhere the moment that this is over."""
    worker = start_lone("sleeps", "is frozen")
    [script] = [child for child in psutil.Process(worker.pid).children() if child.pid in members(tmp_path)]
    worker.send_signal(signal.SIGSTOP)
    script.kill()

    # LEASE_S of tests/lone_worker.py is 3.
    until(lambda: not strays(token) and not members(tmp_path), 2.5, "the end of all")
