"""The crew of the soak: its workers, each with a fault of its own, killed, frozen and replaced."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# What is wrong with each worker, besides what happens to it: nothing; no notifications; a clock that is an hour fast; one
# that is a day slow.
FAULTS: tuple[dict[str, str], ...] = (
    {},
    {"LISTEN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
    {"SOAK_CLOCK_OFFSET": "3600"},
    {"SOAK_CLOCK_OFFSET": "-86400"},
)
LEASE_S = 3.0


@dataclass
class Crew:
    """Four workers on one database."""

    scratch: Path
    dsn: str
    chromium: bool = False
    slots: int = 2
    counts: Counter[str] = field(default_factory=Counter[str])
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self) -> None:
        """Start all."""
        self.workers = [self._start(place) for place in range(len(FAULTS))]

    def _start(self, place: int) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ, "DATABASE_URL": self.dsn, "VAR_DIR": str(self.scratch / "var"), "TMPDIR": str(self.runs),
            "JOB_TYPES_PACKAGE": "tests.soak.job_types", "LEASE_SECONDS": str(LEASE_S), "POLL_SECONDS": "0.3",
            "GRACE_SECONDS": "0.5", "WORKERS": str(self.slots), "LOG_LEVEL": "info",
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
        """Where the folders of runs lie."""
        folder = self.scratch / "runs"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def files(self) -> Path:
        """Where pictures are stored."""
        folder = self.scratch / "files"
        if not folder.is_file():
            folder.mkdir(exist_ok=True)
        return folder

    def kill(self) -> None:
        """kill -9 one, and start another in its place."""
        place = random.randrange(len(self.workers))
        self.workers[place].kill()
        self.workers[place].wait()
        self.workers[place] = self._start(place)
        self.counts["workers killed"] += 1

    def drain(self) -> None:
        """SIGTERM one, as an update does, and start another in its place."""
        place = random.randrange(len(self.workers))
        self.workers[place].send_signal(signal.SIGTERM)
        try:
            self.workers[place].wait(20)
        except subprocess.TimeoutExpired:
            self.workers[place].kill()
            self.workers[place].wait()
            self.counts["workers that did not stop"] += 1
        self.workers[place] = self._start(place)
        self.counts["updates"] += 1

    def freeze(self) -> subprocess.Popen[bytes]:
        """SIGSTOP one; whoever gets it thaws it after its lease."""
        worker = random.choice(self.workers)
        worker.send_signal(signal.SIGSTOP)
        self.counts["workers frozen"] += 1
        return worker

    @staticmethod
    def thaw(worker: subprocess.Popen[bytes]) -> None:
        """SIGCONT."""
        worker.send_signal(signal.SIGCONT)

    def kill_script(self) -> None:
        """kill -9 one of the processes that a worker has started: a script, a driver, a browser."""
        children = [child for worker in self.workers for child in _children(worker.pid)]
        if children:
            try:
                random.choice(children).kill()
            except psutil.Error:
                return
            self.counts["scripts killed"] += 1

    def stop(self) -> None:
        """SIGTERM all; what does not stop within its time is counted, and killed."""
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            try:
                worker.wait(25)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
                self.counts["workers that did not stop"] += 1

    def log_text(self) -> str:
        """All that the workers logged."""
        return (self.scratch / "workers.log").read_text("utf-8", errors="replace")


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
