"""`script-jobs worker`: a worker in a process of its own, on any machine with the same database."""

import asyncio
import signal

from scriptjobs.installation import opened_installation
from scriptjobs.listener import Listener
from scriptjobs.settings import Settings
from scriptjobs.worker.opening import build_worker
from scriptjobs.worker.worker import Worker


async def run_worker(settings: Settings, slots: int) -> None:
    """Claim and run jobs until SIGTERM or SIGINT: then drain; a second signal hands back at once what still runs.

    Raises:
        SetupError: there is no database, no browser, no package of job types.
    """
    async with opened_installation(settings, pool_size=slots + 4) as opened:
        listener = Listener(settings.listen_database_url or opened.database.dsn)
        worker = build_worker(opened, slots, listener)
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
