"""How much memory a run uses: the script's process, the driver, the browser with all its helpers, and its folder where
that lies in memory.
"""

import asyncio
import contextlib
import os
from pathlib import Path

import psutil

from scriptjobs.runner.process_tree import find_members

LOOK_EVERY_S = 1.0
_MB = 1024 * 1024


async def wait_for_excess(folder: Path, pid: int, limit_mb: int) -> int:
    """Return, with the megabytes in use, when the run in `folder` uses more than `limit_mb`; else never."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        used = await asyncio.to_thread(_used_mb, folder, pid, limit_mb)
        if used > limit_mb:
            return used


def _used_mb(folder: Path, pid: int, limit_mb: int) -> int:
    """Resident memory. Only where that is too much, shared pages are counted once (a browser's helpers share most), for
    which the kernel walks through all of them.
    """
    members = find_members(folder, pid)
    files = _stored(folder) if _is_in_memory(folder) else 0
    used = files + sum(_resident(member) for member in members)
    if used > limit_mb * _MB:
        used = files + sum(_proportional(member) for member in members)
    return used // _MB


def _is_in_memory(folder: Path) -> bool:
    """Whether the file system of a folder is one in memory (Linux)."""
    try:
        number = folder.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    here = f" {os.major(number)}:{os.minor(number)} "
    return any(here in mount and " - tmpfs " in mount for mount in mounts)


def _stored(folder: Path) -> int:
    """Bytes that the files below a folder take up."""
    used = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # it has just been removed
                used += os.lstat(os.path.join(place, name)).st_blocks * 512
    return used


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return _resident(pid)
    return 0
