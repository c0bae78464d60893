"""Ports that commands need: free ones, or the word that one is taken."""

import errno
import socket

from scriptjobs.errors import SetupError


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
    raise SetupError(f"“{host}” is not an address of this machine ({reason.strerror}). Choose one with --host.")


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
