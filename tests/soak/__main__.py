"""`bin/soak`: run it, check every promise, say the figures in one line. Exit status 1 when a promise was broken."""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from pathlib import Path

import structlog

from tests.soak.soak import Plan, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=270, help="how long there is trouble (default 270)")
    parser.add_argument("--jobs", type=int, default=1_100, help="how many jobs are started (default 1,100)")
    parser.add_argument("--chromium", type=int, default=50, help="how many more run in a real browser (default 50)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="drawn when not given")
    plan = Plan(**vars(parser.parse_args()))
    random.seed(plan.seed)
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
