"""The journal: a file for each job, locked while its script runs. What finds the lock taken ran twice at once.

The kernel drops the lock when the process dies, so the journal tells of what really ran, whatever the database says.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OVERLAP = "overlap-"
PATIENCE_S = 10.0


@contextmanager
def held(folder: str, name: str) -> Generator[int]:
    """Hold the job's file (its descriptor is given). Leave a mark when somebody else does, and wait for them to go: the
    processes of a machine that stands still hold their files, and end when it goes on.
    """
    descriptor = os.open(Path(folder) / name, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with (Path(folder) / f"{OVERLAP}{name}").open("a") as mark:
            mark.write(f"{time.time()} {_holders(os.fstat(descriptor).st_ino)}\n")
        _wait_for(descriptor)
    os.write(descriptor, f"begin {os.getcwd()}\n".encode())
    try:
        yield descriptor
        os.write(descriptor, b"end\n")
    finally:
        os.close(descriptor)


def _holders(inode: int) -> str:
    """Who holds a file's lock: process, state and command of each."""
    told: list[str] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if not any(os.stat(entry).st_ino == inode for entry in Path(f"/proc/{name}/fd").iterdir()):
                continue
            state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            command = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        told.append(f"{name} {state} {command[-80:].strip()}")
    return "; ".join(told).replace("\n", " ")


def _wait_for(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        time.sleep(0.05)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def overlaps(folder: Path) -> list[tuple[str, float, str]]:
    """The names of the jobs that ran twice at once, when (seconds of the right wall clock), and who held the file."""
    found: list[tuple[str, float, str]] = []
    for mark in sorted(folder.glob(f"{OVERLAP}*")):
        for line in mark.read_text().splitlines():
            moment, _, holders = line.partition(" ")
            found.append((mark.name.removeprefix(OVERLAP), float(moment), holders))
    return found


@dataclass(frozen=True, slots=True)
class Entry:
    """What a job's file says: in which folders it began, and how often it came to its end."""

    folders: tuple[str, ...] = ()
    ends: int = 0


def entries(folder: Path) -> dict[str, Entry]:
    """The whole journal, by the names of the jobs."""
    return {path.name: _read(path) for path in folder.iterdir() if not path.name.startswith(OVERLAP)}


def _read(path: Path) -> Entry:
    lines = path.read_text().splitlines()
    begun = tuple(line.removeprefix("begin ") for line in lines if line.startswith("begin "))
    return Entry(begun, lines.count("end"))
