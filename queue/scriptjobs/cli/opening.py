"""What commands need opened: settings, the database (the embedded server is attached to, or started), free ports."""

import asyncio
import contextlib
import errno
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
    """Whether this process could listen on the port."""
    return _why_not(host, port) is None


def must_be_free(host: str, port: int) -> None:
    """Refuse a port on which this process cannot listen.

    Raises:
        SetupError: it is taken, it is not for this user, or the host is no address of this machine.
    """
    reason = _why_not(host, port)
    if reason is None:
        return
    if reason.errno == errno.EADDRINUSE:
        raise SetupError(f"Port {port} on {host} is taken. Stop what listens there, or choose another one with --port.")
    if reason.errno in (errno.EACCES, errno.EPERM):
        raise SetupError(f"This user may not listen on port {port}. Choose one from 1024 on with --port.")
    raise SetupError(f"“{host}” is no address of this machine ({reason.strerror}). Choose one with --host.")


def _why_not(host: str, port: int) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except UnicodeError:
        return OSError(errno.EADDRNOTAVAIL, "it cannot be read")
    except OSError as error:
        return error
    return None


def next_free(host: str, first: int, most: int = 100) -> int:
    """The first free port from `first` on.

    Raises:
        SetupError: there is none among the next `most`.
    """
    for port in range(first, first + most):
        if is_free(host, port):
            return port
    raise SetupError(f"No port from {first} to {first + most - 1} is free.")
