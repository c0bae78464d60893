"""`script-jobs worker`: a worker in a process of its own, on any machine with the same database."""

import asyncio
import os
import signal

from scriptjobs.cli.opening import opened_database
from scriptjobs.listener import Listener
from scriptjobs.settings import Settings
from scriptjobs.worker.opening import build_worker
from scriptjobs.worker.worker import Worker


async def run_worker(settings: Settings, slots: int) -> None:
    """Claim and run jobs until SIGTERM or SIGINT: then drain; a second signal hands back at once what still runs.

    Raises:
        SetupError: there is no database, no browser, no package of job types.
    """
    os.umask(0o077)  # what this process writes is for its user alone
    async with opened_database(settings, pool_size=slots + 4) as database:
        listener = Listener(settings.listen_database_url or database.dsn)
        worker = build_worker(settings, slots, database, listener)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listener.run())
            _hear_signals(worker)
            await worker.run()
            listening.cancel()


def _hear_signals(worker: Worker) -> None:
    loop = asyncio.get_running_loop()

    def hear() -> None:
        (worker.hurry if worker.is_stopping else worker.stop_processing)()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear)
