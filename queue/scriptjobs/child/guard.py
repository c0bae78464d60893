"""The guard: a process beside a worker that ends all its runs as soon as the worker is gone, whatever ended it.

It is no child of the worker and belongs to no session of it, so what takes the worker's processes away leaves it. Its
stdin is a socket whose other end the worker alone holds: it gives back what comes, and the end of it is the worker's.
"""

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

from scriptjobs.process_marks import end_marked, marks_of

_STDIN = 0


def main(home: Path) -> None:
    """Guard the worker whose runs have their folders in `home`, until it is gone."""
    if os.fork():
        os._exit(0)
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # of whoever stops a whole service at once
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.write(_STDIN, b"%d\n" % os.getpid())
        while said := os.read(_STDIN, 64):
            os.write(_STDIN, said)
    end_marked(marks_of(home))
    # Payloads may lie there.
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
