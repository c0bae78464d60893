"""The mark of a run: a limit of the kernel that nobody uses, and that every process of the run inherits and keeps.

A process may leave its folder, its session, its parents and its environment behind; its limits go with it. The limit on
the time of real-time processes (RLIMIT_RTTIME) has no effect on any other, so its value can tell whose a process is.
"""

import contextlib
import hashlib
import os
import resource
import signal
import time
from pathlib import Path
from typing import NamedTuple

# Far beyond any time that somebody means: the top of the value says "ours", then come the worker and the run.
_OURS = 1 << 62
_RUN_BITS = 24
_HOME_BITS = 38
END_TIMEOUT_S = 5.0
PAUSE_S = 0.01


class Ended(NamedTuple):
    """How many processes were killed, and which of them are still there."""

    killed: int
    left: frozenset[int]


class _Member(NamedTuple):
    """A living process of a run."""

    mark: int
    parent: int


def mark_of(folder: Path) -> int:
    """The mark of the run in `folder`: the same in every process that knows the folder."""
    number = int(folder.name) if folder.name.isdecimal() else _digest(folder.name, _RUN_BITS)
    return marks_of(folder.parent).start + number % (1 << _RUN_BITS)


def marks_of(home: Path) -> range:
    """The marks of all runs whose folders lie in `home`, the folder of their worker."""
    start = _OURS + (_digest(str(home), _HOME_BITS) << _RUN_BITS)
    return range(start, start + (1 << _RUN_BITS))


def _digest(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> (64 - bits)


def put_mark(pid: int, mark: int) -> bool:
    """Mark a process, and so all that it will start. Returns whether this machine can do that (Linux can)."""
    try:
        resource.prlimit(pid, resource.RLIMIT_RTTIME, (mark, mark))
    except ProcessLookupError:
        return True  # it has gone already
    except (AttributeError, OSError, ValueError):
        return False
    return True


def own_marks() -> range:
    """The mark of this process; nothing when it has none."""
    try:
        mark = resource.getrlimit(resource.RLIMIT_RTTIME)[1]
    except (AttributeError, OSError, ValueError):
        return range(0)
    return range(mark, mark + 1) if mark >= _OURS else range(0)


def find_marked(marks: range) -> set[int]:
    """Pids of the living processes that carry one of `marks`. A millisecond for a hundred processes."""
    return {pid for pid in _newest_first() if _carries(pid, marks)}


def end_abandoned(marks: range, worker: int) -> None:
    """Kill the runs among `marks` whose first process, a child of the process `worker`, has gone.

    Raises:
        OSError: it could not look, for want of free descriptors.
    """
    found = [member for pid in _newest_first() if (member := _read(pid)) and member.mark in marks]
    led = {member.mark for member in found if member.parent == worker}
    for mark in {member.mark for member in found} - led:
        end_marked(range(mark, mark + 1))


def end_marked(marks: range, *, but: int = 0) -> Ended:
    """Kill all that carry one of `marks` (but the process `but`), again and again until none is left: a fork may slip
    through between a look and a kill. Gives up after END_TIMEOUT_S.

    Raises:
        OSError: it could not look, for want of free descriptors.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + END_TIMEOUT_S
    while True:
        found = _kill_once(marks, but, is_last=time.monotonic() > deadline)
        killed |= found or set()
        if found == set() or time.monotonic() > deadline:
            return Ended(len(killed), frozenset(found or ()))
        time.sleep(PAUSE_S)


def _kill_once(marks: range, but: int, *, is_last: bool) -> set[int] | None:
    """Kill whoever is found. Returns them, or None when it could not look (an error in the last try)."""
    found: set[int] = set()
    try:
        for pid in _newest_first():
            # Killed as soon as seen: one that forks and goes, again and again, has gone when a list is complete.
            if pid != but and _carries(pid, marks):
                found.add(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
    except OSError:
        if is_last:
            raise
        return None
    return found


def _newest_first() -> list[int]:
    try:
        return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)
    except FileNotFoundError:
        return []


def _carries(pid: int, marks: range) -> bool:
    member = _read(pid)
    return member is not None and member.mark in marks


def _read(pid: int) -> _Member | None:
    """The mark and parent of a living process; None without a mark. A sandboxed browser's limits are readable, too."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_bytes()
        # Soft limit, hard limit, unit; the hard one cannot be raised again without rights.
        hard = limits.partition(b"Max realtime timeout")[2].partition(b"\n")[0].split()[1:2]
        if not hard or not hard[0].isdigit() or int(hard[0]) < _OURS:
            return None
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return None if state in {b"Z", b"X"} else _Member(int(hard[0]), int(parent))
