"""`script-jobs worker`: a worker in a process of its own, on any machine with the same database."""

import asyncio
import contextlib
import os

from scriptjobs.installation import opened_installation
from scriptjobs.listener import Listener
from scriptjobs.settings import Settings
from scriptjobs.stopping import hear_stop_signals
from scriptjobs.supervision import keep_running
from scriptjobs.worker.opening import build_worker


async def run_worker(settings: Settings, slots: int) -> None:
    """Claim and run jobs until SIGTERM, SIGINT or SIGHUP: then drain; a second one makes it hand back at once.

    Raises:
        SetupError: there is no database, no browser, no package of job types.
        PartDied: a part of the worker has failed again and again.
    """
    os.umask(0o077)  # what this process writes is for its user alone
    async with opened_installation(settings, pool_size=slots + 4) as opened:
        listener = Listener(settings.listen_database_url or opened.database.dsn)
        worker = build_worker(opened, slots, listener)

        def stop() -> None:
            (worker.hurry if worker.is_stopping else worker.stop_processing)()

        with hear_stop_signals(stop, settings.grace_seconds, passes_on=False):
            listening = asyncio.create_task(keep_running("listener", listener.run))
            listening.add_done_callback(lambda done: done.cancelled() or stop())
            await worker.run()
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
