"""`bin/soak`: run it, check every promise, say the figures in one line. Exit status 1 when a promise was broken.

Workers, scripts, machines, disks, the database and the lines to it are made to fail while jobs run. Broken promises are
told with the story of their job. Small disks are mounted when root runs it; without that, no disk fills up.
"""

import argparse
import asyncio
import logging
import random
import signal
import sys
import tempfile
from pathlib import Path

import structlog

from tests.soak.soak import Plan, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/soak", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument(
        "--seconds", type=float, default=400, help="how long light jobs are started, and meet trouble (default 400)"
    )
    parser.add_argument("--jobs", type=int, default=1_650, help="how many light jobs are started (default 1,650)")
    parser.add_argument(
        "--chromium", type=int, default=50, help="how many more run beside a real browser (default 50; 0: none)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=random.randrange(1_000_000),
        help="what is drawn by chance follows from it (default: drawn)",
    )
    plan = Plan(**vars(parser.parse_args()))
    random.seed(plan.seed)
    # Whoever ends it, and however: its disks are unmounted, its workers and its database stopped.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="script-jobs-soak-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        verdict = asyncio.run(soak(Path(folder), plan))
    for line in verdict.broken:
        sys.stdout.write(f"BROKEN  {line}\n")
    sys.stdout.write(verdict.closing_line + "\n")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
