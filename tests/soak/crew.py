"""The crew of the soak: its workers, each with a fault, a disk and a line to the database of its own."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.lines import Line, line_to
from tests.processes import SECRETS_KEY
from tests.soak.deeds import Deeds

# What is wrong with each worker, besides what happens to it: nothing; no notifications; a clock that is an hour fast; one
# that is a day slow.
FAULTS: tuple[dict[str, str], ...] = (
    {},
    {"LISTEN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
    {"SOAK_CLOCK_OFFSET": "3600"},
    {"SOAK_CLOCK_OFFSET": "-86400"},
)
LEASE_S = 3.0
DISK_MB = 96
FILLER = "filler"

Process = subprocess.Popen[bytes]


@dataclass
class Crew:
    """Four workers on one database, which each reaches over a line of its own."""

    scratch: Path
    dsn: str
    chromium: bool = False
    slots: int = 2
    deeds: Deeds = field(default_factory=Deeds)
    counts: Counter[str] = field(default_factory=Counter[str])
    workers: list[Process] = field(default_factory=list[Process])
    lines: list[Line] = field(default_factory=list[Line])
    _draining: int | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start all."""
        self.lines = [self._open.enter_context(line_to(self.dsn)) for _ in FAULTS]
        for place in range(len(FAULTS)):
            self._open.enter_context(_disk(self.disk(place)))
        self.workers = [self._start(place) for place in range(len(FAULTS))]

    def _start(self, place: int) -> Process:
        environment = {
            **os.environ, "DATABASE_URL": self.lines[place].dsn, "VAR_DIR": str(self.scratch / "var"),
            "SECRETS_KEY": SECRETS_KEY,
            "TMPDIR": str(self.disk(place)), "JOB_TYPES_PACKAGE": "tests.soak.job_types", "LEASE_SECONDS": str(LEASE_S),
            "POLL_SECONDS": "0.3", "GRACE_SECONDS": "0.5", "WORKERS": str(self.slots), "LOG_LEVEL": "info",
            "PYTHONPATH": str(Path(__file__).parents[2]), "FILES_URL": f"file://{self.files}",
            **({"SOAK_CHROMIUM": "1", "PORTAL_URL": "data:text/html,portal"} if self.chromium else {}), **FAULTS[place],
        }  # fmt: skip
        with (self.scratch / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.soak.worker"], env=environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    @property
    def runs(self) -> Path:
        """Where the disks of the workers are."""
        return self.scratch / "runs"

    def disk(self, place: int) -> Path:
        """Where the folders of one worker's runs lie."""
        folder = self.runs / str(place)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def files(self) -> Path:
        """Where pictures are stored."""
        folder = self.scratch / "files"
        if not folder.is_file():
            folder.mkdir(exist_ok=True)
        return folder

    def _any(self) -> tuple[int, Process]:
        place = random.randrange(len(self.workers))
        return place, self.workers[place]

    def kill(self) -> None:
        """kill -9 one, and start another in its place."""
        place, worker = self._any()
        self.deeds.note("workers killed", worker.pid)
        worker.kill()
        worker.wait()
        self.workers[place] = self._start(place)

    def drain(self) -> None:
        """SIGTERM one, as an update does, and start another in its place."""
        place, worker = self._any()
        self._draining = place
        with self.deeds.during("updates", [worker.pid]):
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                self._give_up(worker)
        self.workers[place] = self._start(place)
        self._draining = None

    def revive(self) -> None:
        """Start another one in the place of each that has ended by itself: it found no database when it started."""
        for place, worker in enumerate(self.workers):
            if place != self._draining and (status := worker.poll()) is not None:
                self.deeds.note(f"workers ended with status {status}", worker.pid)
                self.workers[place] = self._start(place)

    def _give_up(self, worker: Process) -> None:
        self.deeds.note("workers killed", worker.pid)
        worker.kill()
        worker.wait()
        self.counts["workers that did not stop"] += 1

    @contextmanager
    def frozen(self, *, whole: bool) -> Generator[None]:
        """SIGSTOP one, `whole`: with its scripts, as when its machine is paused."""
        _, worker = self._any()
        stopped = [worker.pid, *(child.pid for child in _children(worker.pid))] if whole else [worker.pid]
        with self.deeds.during("machines paused" if whole else "workers frozen", [worker.pid]):
            try:
                for pid in stopped:
                    _signal(pid, signal.SIGSTOP)
                yield
            finally:
                for pid in stopped:
                    _signal(pid, signal.SIGCONT)

    def kill_script(self) -> None:
        """kill -9 one of the processes that a worker has started: a script, a command, a driver, a browser."""
        _, worker = self._any()
        roots = [(root, [root, *_children(root.pid)]) for root in _children(worker.pid, recursive=False)]
        if roots:
            root, family = random.choice(roots)
            with contextlib.suppress(psutil.Error):
                folder = root.cwd()
                victim = random.choice(family)
                self.deeds.note("scripts killed", worker.pid, folder=folder)
                victim.kill()

    def remove_home(self) -> None:
        """Delete the folder in which the runs of a worker are, as a cleaner of temporary files does."""
        place, worker = self._any()
        for home in self.disk(place).glob(f"sj-*-{worker.pid}-*"):
            with self.deeds.during("run folders removed", [worker.pid]):
                shutil.rmtree(home, ignore_errors=True)

    @contextmanager
    def full(self) -> Generator[None]:
        """Fill the disk of one worker, where it has one of its own."""
        place, worker = self._any()
        filler = self.disk(place) / FILLER
        if not self.disk(place).is_mount():
            yield
            return
        with self.deeds.during("disks full", [worker.pid]):
            descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
            try:
                with contextlib.suppress(OSError):
                    room = os.statvfs(filler)
                    os.posix_fallocate(descriptor, 0, room.f_bavail * room.f_frsize)
                yield
            finally:
                os.close(descriptor)
                filler.unlink()

    @contextmanager
    def silent(self) -> Generator[None]:
        """Silence the lines of one or more workers, in one direction or both, for what exists or for new ones too."""
        places = random.sample(range(len(self.workers)), k=random.choice((1, 2, len(self.workers))))
        ways = random.choice(((True, True), (True, False), (False, True)))
        takes_new = random.random() < 0.4
        with self.deeds.during("lines silent", [self.workers[place].pid for place in places]):
            for place in places:
                self.lines[place].silence(to_server=ways[0], to_client=ways[1], takes_new=takes_new)
            try:
                yield
            finally:
                for place in places:
                    self.lines[place].mend()

    def stop(self) -> None:
        """SIGTERM all; what does not stop within its time is counted, and killed."""
        with self.deeds.during("last stop", [worker.pid for worker in self.workers]):
            for worker in self.workers:
                worker.send_signal(signal.SIGCONT)
                worker.send_signal(signal.SIGTERM)
            for worker in self.workers:
                try:
                    worker.wait(25)
                except subprocess.TimeoutExpired:
                    self._give_up(worker)
        time.sleep(1)  # a guard that outlived its worker is on its way

    def close(self) -> None:
        """Give disks and lines back."""
        self._open.close()

    def log_text(self) -> str:
        """All that the workers logged."""
        return (self.scratch / "workers.log").read_text("utf-8", errors="replace")


@contextmanager
def _disk(folder: Path) -> Generator[None]:
    """A small disk of its own, where one can be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "none", str(folder)]
    try:
        is_mounted = subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, timeout=10, check=False)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int, *, recursive: bool = True) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=recursive)
    except psutil.Error:
        return []
