"""Whether this process accepts connections yet: a server binds its port after the start of the application."""

import asyncio
import os
import socket
import time

LOOK_EVERY_S = 0.02
# A server whose sockets belong to another process cannot be seen listening.
PATIENCE_S = 5.0


async def wait_until_listening(patience_s: float = PATIENCE_S) -> None:
    """Return when this process listens on a socket, of whatever kind, or when `patience_s` is over."""
    deadline = time.monotonic() + patience_s
    while not is_listening() and time.monotonic() < deadline:  # noqa: ASYNC110 (the kernel tells nobody)
        await asyncio.sleep(LOOK_EVERY_S)


def is_listening() -> bool:
    """Whether one of this process's descriptors is a socket that accepts connections."""
    return any(_accepts(int(name)) for name in os.listdir("/dev/fd"))


def _accepts(descriptor: int) -> bool:
    try:
        copy = os.dup(descriptor)
    except OSError:  # closed meanwhile: the descriptor by which the folder was read
        return False
    try:
        with socket.socket(fileno=copy) as probe:
            return bool(probe.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # no socket
        os.close(copy)
        return False
