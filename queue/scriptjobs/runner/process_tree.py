"""Finding and ending everything that a script started, by the mark that its processes carry."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import psutil

from scriptjobs.process_marks import Ended, end_marked, find_marked, mark_of


def find_members(folder: Path, pid: int | None = None) -> set[int]:
    """Pids of all living processes of the run in `folder`. `pid` is its first process, while that lives.

    Where processes cannot be marked (docs/decisions/0004), they are the descendants of the first one.
    """
    return find_marked(_marks(folder)) or _descendants(pid)


async def end_members(folder: Path, pid: int | None = None) -> Ended:
    """Kill all processes of a run, until none is left."""
    return await asyncio.to_thread(_end, folder, pid)


def _end(folder: Path, pid: int | None = None) -> Ended:
    ended = end_marked(_marks(folder))
    if ended.killed:
        return ended
    members = _descendants(pid)
    for member in members:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
    return Ended(len(members), frozenset())


def _marks(folder: Path) -> range:
    mark = mark_of(folder)
    return range(mark, mark + 1)


def _descendants(pid: int | None) -> set[int]:
    if pid is None:
        return set()
    try:
        return {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    except psutil.Error:
        return set()
