"""The guard: a process beside a worker that ends all its runs as soon as the worker is gone, whatever ended it.

While the worker is frozen, the guard also ends what finished scripts leave behind: nobody else does, and the job may be
running elsewhere already.

It is no child of the worker and belongs to no session of it, so what takes the worker's processes away leaves it. Its
stdin is a socket whose other end the worker alone holds: it gives back what comes, and the end of it is the worker's.
"""

import contextlib
import os
import select
import shutil
import signal
import sys
from pathlib import Path

from scriptjobs.process_marks import end_abandoned, end_marked, marks_of

_STDIN = 0
# The worker asks twice a second (runner/guard.py); after this long it is frozen or overloaded.
SILENCE_S = 1.5
# Less than a script leaves between its own end and the end of its lease (worker/execution.py).
LOOK_EVERY_S = 0.25


def main(home: Path) -> None:
    """Guard the worker whose runs have their folders in `home`, until it is gone."""
    worker = os.getppid()
    if os.fork():
        os._exit(0)
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # of whoever stops a whole service at once
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.write(_STDIN, b"%d\n" % os.getpid())
        while said := _hear(home, worker):
            os.write(_STDIN, said)
    end_marked(marks_of(home))
    # Payloads may lie there.
    shutil.rmtree(home, ignore_errors=True)


def _hear(home: Path, worker: int) -> bytes:
    """What the worker says next; empty when it is gone."""
    wait_s = SILENCE_S
    while not select.select([_STDIN], [], [], wait_s)[0]:
        wait_s = LOOK_EVERY_S
        with contextlib.suppress(OSError):  # no free descriptor; the next look tries again
            end_abandoned(marks_of(home), worker)
    return os.read(_STDIN, 64)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
