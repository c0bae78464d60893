"""Ports that commands need: free ones, or the word that one is taken."""

import socket

from scriptjobs.errors import SetupError


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
