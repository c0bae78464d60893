"""What commands need opened: settings, the database (the embedded server is attached to, or started), free ports."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from scriptjobs.database import Database, migrate
from scriptjobs.embedded import EmbeddedPostgres
from scriptjobs.errors import SetupError
from scriptjobs.settings import Settings


@asynccontextmanager
async def opened_database(settings: Settings, pool_size: int = 2) -> AsyncGenerator[Database]:
    """The migrated database of this installation. An embedded server that dies is started again."""
    server = None if settings.database_url else EmbeddedPostgres(var_dir=settings.var_dir)
    dsn = server.start() if server else str(settings.database_url)
    watch = asyncio.create_task(server.keep_running()) if server else None
    if watch:
        watch.add_done_callback(lambda done: done.cancelled() or signal.raise_signal(signal.SIGTERM))
    try:
        await migrate(dsn)
        database = Database(dsn, pool_size=pool_size)
        try:
            yield database
        finally:
            await database.close()
    finally:
        if server and watch:
            watch.cancel()
            server.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await watch


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def must_be_free(host: str, port: int) -> None:
    """Refuse a taken port.

    Raises:
        SetupError: it is taken.
    """
    if port and not is_free(host, port):
        raise SetupError(f"Port {port} on {host} is taken. Stop what listens there, or choose another one with --port.")


def next_free(host: str, first: int, most: int = 100) -> int:
    """The first free port from `first` on.

    Raises:
        SetupError: there is none among the next `most`.
    """
    for port in range(first, first + most):
        if is_free(host, port):
            return port
    raise SetupError(f"No port from {first} to {first + most - 1} is free.")
