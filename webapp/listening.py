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
    return any(_port_of(int(name)) is not None for name in os.listdir("/dev/fd"))


def listening_port(wanted: int) -> int:
    """The port on which this process accepts connections: `wanted` if that is among them, or if there is none."""
    ports = {port for name in os.listdir("/dev/fd") if (port := _port_of(int(name)))}
    return min(ports) if ports and wanted not in ports else wanted


def _port_of(descriptor: int) -> int | None:
    """The port of a socket that accepts connections; 0 for one without ports; None for anything else."""
    try:
        copy = os.dup(descriptor)
    except OSError:  # closed meanwhile: the descriptor by which the folder was read
        return None
    try:
        with socket.socket(fileno=copy) as probe:
            if not probe.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return None
            return int(probe.getsockname()[1]) if probe.family in (socket.AF_INET, socket.AF_INET6) else 0
    except OSError:  # no socket
        os.close(copy)
        return None
