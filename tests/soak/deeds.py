"""Deeds: what the soak did, to whom and when. Afterwards every reason that a job was given must follow from one."""

import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Deed:
    """One thing that was done. `worker` is a process id (None: to all of them), `folder` the run's, `job` the job's id.
    Times are those of the right wall clock, which is also the database's.
    """

    name: str
    worker: int | None = None
    folder: str = ""
    job: str = ""
    began: float = field(default_factory=time.time)
    ended: float = field(default_factory=time.time)


@dataclass
class Deeds:
    """All that was done."""

    done: list[Deed] = field(default_factory=list[Deed])

    def note(self, name: str, worker: int | None = None, *, folder: str = "", job: str = "") -> None:
        """Something done at this moment."""
        self.done.append(Deed(name, worker, folder, job))

    @contextmanager
    def during(self, name: str, workers: Iterable[int | None] = (None,)) -> Generator[None]:
        """Something that lasts."""
        lasting = [Deed(name, worker, ended=float("inf")) for worker in workers]
        self.done += lasting
        try:
            yield
        finally:
            for deed in lasting:
                deed.ended = time.time()

    def between(self, began: float, ended: float, worker: int | None, after_s: float) -> list[Deed]:
        """What was done to a worker, or to all, in a time; what is over works on for `after_s` seconds."""
        return [
            deed for deed in self.done
            if deed.worker in {None, worker} and deed.began <= ended + 1 and deed.ended >= began - after_s
        ]  # fmt: skip

    def counts(self) -> Counter[str]:
        """How often each thing was done."""
        return Counter(deed.name for deed in self.done)
