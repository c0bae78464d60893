"""Finding and ending everything that a script started, a wedged browser included.

Playwright starts Chromium in a session of its own, so the script's process group does not reach it, and Chromium
rewrites its environment. What all of them keep is the working directory: the run's private folder. So the members of a
run are the descendants of its process, and whoever works in its folder or carries it in the environment.
"""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

TERM_GRACE_S = 0.5
KILL_ROUNDS = 100
KILL_PAUSE_S = 0.02


def find_members(folder: Path, pid: int | None = None) -> set[int]:
    """Pids of all living processes of the run in `folder` (of the process `pid`, when it is known).

    Read from /proc (Linux): 2 ms for 200 processes, where a library took 40 ms and held the interpreter's lock.
    Elsewhere only descendants are found.
    """
    members = {other for other in _all_pids() if _carries(other, str(folder))}
    if pid:
        members.add(pid)
        with contextlib.suppress(psutil.Error):
            members.update(child.pid for child in psutil.Process(pid).children(recursive=True))
    members.discard(os.getpid())
    return {member for member in members if _is_alive(member)}


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def _carries(pid: int, mark: str) -> bool:
    """Whether a process works in the folder, or has it as its TMPDIR. A zombie has neither."""
    try:
        if _is_in(os.readlink(f"/proc/{pid}/cwd"), mark):
            return True
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    value = environment.partition(b"TMPDIR=")[2].partition(b"\0")[0]
    return _is_in(os.fsdecode(value), mark)


async def end_members(folder: Path, pid: int | None = None, *, grace_s: float = TERM_GRACE_S) -> bool:
    """End all processes of a run: asked first (SIGTERM to the script's group), killed after `grace_s` seconds.

    Returns whether none is left. Descendants are listed before anything is killed: afterwards they have no parent.
    """
    known = await asyncio.to_thread(find_members, folder, pid)
    if pid and grace_s:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        # No library's wait: it would reap our own child and take its exit status from the event loop.
        while time.monotonic() < deadline and any(_is_alive(member) for member in known):  # noqa: ASYNC110
            await asyncio.sleep(KILL_PAUSE_S)
    for _ in range(KILL_ROUNDS):
        for member in known:
            if _is_alive(member):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(member, signal.SIGKILL)
        await asyncio.sleep(KILL_PAUSE_S)
        # A fork may have slipped through between list and kill, so look until nobody is there.
        known = {member for member in known if _is_alive(member)} | await asyncio.to_thread(find_members, folder)
        if not known:
            return True
    return False


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_in(directory: str, mark: str) -> bool:
    return directory == mark or directory.startswith(mark + "/")
