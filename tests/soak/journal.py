"""The journal: a file for each job, locked while its script runs. What finds the lock taken ran twice at once.

The kernel drops the lock when the process dies, so the journal tells of what really ran, whatever the database says.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

OVERLAP = "overlap-"


@contextmanager
def held(folder: str, name: str) -> Generator[None]:
    """Hold the job's file; leave a mark when somebody else does."""
    descriptor = os.open(Path(folder) / name, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        (Path(folder) / f"{OVERLAP}{name}").touch()
        raise
    os.write(descriptor, f"begin {os.getpid()}\n".encode())
    try:
        yield
        os.write(descriptor, b"end\n")
    finally:
        os.close(descriptor)


def overlaps(folder: Path) -> list[str]:
    """The names of the jobs that ran twice at once."""
    return sorted(path.name.removeprefix(OVERLAP) for path in folder.glob(f"{OVERLAP}*"))


def runs(folder: Path) -> int:
    """How often a script began."""
    return sum(path.read_text().count("begin") for path in folder.iterdir())
