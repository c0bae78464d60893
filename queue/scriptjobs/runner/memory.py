"""How much memory a run uses: the script's process, the driver, the browser with all its helpers."""

import asyncio
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
    resident = sum(_resident(member) for member in members)
    if resident <= limit_mb * _MB:
        return resident // _MB
    return sum(_proportional(member) for member in members) // _MB


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
