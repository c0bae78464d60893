"""A worker of the soak: the real one, its scripts without a browser, its wall clock as wrong as it was told."""

import asyncio
import functools
import os
import sys
import time

from scriptjobs.cli.worker import run_worker
from scriptjobs.logs import configure_logging
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.settings import Settings
from scriptjobs.worker import opening


def main() -> None:
    offset = float(os.environ.get("SOAK_CLOCK_OFFSET", "0"))
    right = time.time
    time.time = lambda: right() + offset
    if not os.environ.get("SOAK_CHROMIUM"):
        command = (sys.executable, "-m", "tests.soak.script")
        opening.RunnerConfig = functools.partial(RunnerConfig, command=command)  # type: ignore[misc]
    settings = Settings.from_env()
    configure_logging(settings)
    asyncio.run(run_worker(settings, settings.workers))


if __name__ == "__main__":
    main()
