"""A TCP line to the database that tests can silence: in one direction or both, for what exists or for all."""

import contextlib
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

CHUNK = 64 * 1024


@dataclass(eq=False)
class _Connection:
    here: socket.socket
    there: socket.socket
    drops_to_server: bool
    drops_to_client: bool

    def run(self) -> None:
        for source, target, drops in (
            (self.here, self.there, lambda: self.drops_to_server),
            (self.there, self.here, lambda: self.drops_to_client),
        ):
            threading.Thread(target=_carry, args=(source, target, drops), daemon=True).start()

    def close(self) -> None:
        for end in (self.here, self.there):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _carry(source: socket.socket, target: socket.socket, drops: Callable[[], bool]) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            if not drops():
                target.sendall(chunk)
        if not drops():
            target.shutdown(socket.SHUT_RDWR)


@dataclass
class Line:
    """The way to the database, at the address `dsn`. It counts the connections that were made."""

    dsn: str = ""
    connections: list[_Connection] = field(default_factory=list[_Connection])
    _drops: tuple[bool, bool] = (False, False)

    def silence(self, *, to_server: bool = True, to_client: bool = True, takes_new: bool = False) -> None:
        """Nothing arrives any more on the connections that exist; on new ones only with `takes_new`."""
        for one in self.connections:
            one.drops_to_server, one.drops_to_client = to_server, to_client
        self._drops = (False, False) if takes_new else (to_server, to_client)

    def mend(self) -> None:
        """New connections come through. The old ones stay dead, as behind a firewall that has forgotten them."""
        self._drops = (False, False)

    def serve(self, listening: socket.socket, place: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listening.accept()
                there = socket.socket(socket.AF_UNIX)
                self.connections.append(_Connection(here, there, *self._drops))
                try:
                    there.connect(place)
                except OSError:
                    self.connections[-1].close()
                else:
                    self.connections[-1].run()


@contextmanager
def line_to(dsn: str) -> Generator[Line]:
    """A line to the server of `dsn`, which listens on a Unix socket."""
    parts = urlsplit(dsn)
    place = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        line = Line(f"postgresql://{parts.username}:{unquote(parts.password or '')}@127.0.0.1:{port}{parts.path}")
        threading.Thread(target=line.serve, args=(listening, place), daemon=True).start()
        try:
            yield line
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for one in line.connections:
                one.close()
