"""Private folders of runs, one for each, and the sweep of what dead workers left on this machine."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from itertools import count
from pathlib import Path

import structlog

from scriptjobs.process_marks import end_marked, marks_of

# Short on purpose: Chromium puts sockets below it, and their paths may have 107 characters.
_PREFIX = "sj-"
_MEMORY = Path("/dev/shm")  # noqa: S108 (each folder below it is private to its user)
_ROOMY_BYTES = 2 * 1024**3
# With less room than this a browser cannot work.
FULL_BYTES = 256 * 1024
_FULL = re.compile(r"\bENOSPC\b|\bEDQUOT\b|No space left on device|Disk quota exceeded", re.IGNORECASE)
REMOVE_ROUNDS = 5
REMOVE_PAUSE_S = 0.05

log = structlog.get_logger()


class RunFolders:
    """The folders of one worker, held by a lock that the kernel drops when the worker dies."""

    def __init__(self, worker_id: str, root: Path | None = None) -> None:
        self._root = root or _default_root()
        self.home = self._root / f"{_PREFIX}{worker_id}"
        self._lock: int | None = None
        self._make_home()
        self._numbers = count(1)

    def _make_home(self) -> None:
        """Locked before it has the name that others sweep."""
        making = self.home.with_name(f".{self.home.name}")
        making.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is not None:
            os.close(self._lock)
        self._lock = _lock(making)
        making.rename(self.home)

    def new(self) -> Path:
        """A new, empty folder that only this user can read. A home that was cleaned away is made anew.

        Raises:
            OSError: there is no room, or no descriptor.
        """
        folder = self.home / str(next(self._numbers))
        try:
            folder.mkdir(mode=0o700)
        except FileNotFoundError:
            log.warning("run_folder_vanished", folder=str(self.home))
            self._make_home()
            folder.mkdir(mode=0o700)
        return folder

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove a run's folder with all that is in it. What a process that just died still had in the works may appear
        behind the first round.
        """
        for _ in range(REMOVE_ROUNDS):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                return
            time.sleep(REMOVE_PAUSE_S)

    def close(self) -> None:
        """Remove the worker's folder."""
        self.remove(self.home)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def sweep(self) -> int:
        """End processes and remove folders of workers that died on this machine. Returns how many workers."""
        swept = 0
        for home in self._root.glob(f"{_PREFIX}*"):
            with contextlib.suppress(FileNotFoundError):  # its worker stopped at this moment, or another one swept it
                swept += await self._sweep_home(home)
        return swept

    async def _sweep_home(self, home: Path) -> bool:
        if home == self.home or not _is_own_folder(home):
            return False
        lock = _lock(home)
        if lock is None:
            return False  # its worker lives
        try:
            await asyncio.to_thread(end_marked, marks_of(home))
            await asyncio.to_thread(self.remove, home)
        finally:
            os.close(lock)
        log.info("dead_worker_swept", folder=home.name)
        return True


def trouble_with(folder: Path, said: str) -> str:
    """What is, or was, wrong with the folder of a run that failed and `said` why, in words for people; else nothing. A
    disk may have room again by now.
    """
    if not folder.is_dir():
        return "The folder in which the job ran was deleted."
    room = os.statvfs(folder)
    if room.f_blocks and room.f_bavail * room.f_frsize < FULL_BYTES:
        return "The disk on which the job ran is full."
    return "The disk on which the job ran was full." if _FULL.search(said) else ""


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and path.stat().st_uid == os.getuid()


def _default_root() -> Path:
    """TMPDIR where it is set; else memory, where there is room, since a browser's hundreds of small files on the disk

    make the database wait for its own (bench/create.py: p99 of accepting a job falls to a third); else /tmp.
    """
    if not os.environ.get("TMPDIR") and _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        room = os.statvfs(_MEMORY)
        if room.f_bavail * room.f_frsize >= _ROOMY_BYTES:
            return _MEMORY
    return Path(tempfile.gettempdir())


def _lock(home: Path) -> int | None:
    """An open descriptor that holds the folder's lock, or None when somebody else does."""
    descriptor = os.open(home, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
