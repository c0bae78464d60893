"""The time that a request may take to arrive: its body, and on uvicorn's connections its head as well."""

import asyncio
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scriptjobs.errors import BadRequest

HEAD_S = 20.0
# The next piece of a body within so long, the whole of it within so long: 10 MiB take 84 s at a megabit a second.
PIECE_S = 20.0
BODY_S = 120.0
# The rest of a body that is no longer wanted. A small one the server skips by itself, and keeps the connection.
SKIPPED_BYTES = 64 * 1024
THROWN_AWAY_BYTES = 16 * 1024**2
THROWN_AWAY_S = 5.0


class TimedBody:
    """Reads the body of one request within its time, and knows what is left of it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        self._left = int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else 0
        self._is_chunked = "transfer-encoding" in headers
        self._receive = receive
        self._deadline = time.monotonic() + BODY_S
        self._is_over = False
        self._is_late = False

    @property
    def is_left_unread(self) -> bool:
        """Whether so much of the body is still to come that the connection is not worth keeping."""
        return self._is_late or (not self._is_over and (self._is_chunked or self._left > SKIPPED_BYTES))

    async def receive(self) -> Message:
        """The next message, within its time.

        Raises:
            BadRequest: REQUEST_TIMEOUT.
        """
        if self._is_over:  # from here on, only the end of the connection is waited for
            return await self._receive()
        try:
            async with asyncio.timeout(min(PIECE_S, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError as error:
            self._is_late = True
            raise BadRequest("The request took too long to arrive.", code="REQUEST_TIMEOUT") from error
        self._left -= len(message.get("body", b""))
        self._is_over = not message.get("more_body", False)
        return message

    async def throw_away(self) -> None:
        """Read and forget the rest, as far as that is soon done."""
        thrown = 0
        self._deadline = time.monotonic() + THROWN_AWAY_S
        try:
            while not self._is_over and not self._is_late and thrown < THROWN_AWAY_BYTES:
                thrown += len((await self.receive()).get("body", b""))
        except BadRequest:
            return


def limit_heads() -> None:
    """Have uvicorn close connections on which no whole head of a request arrives in time; it has no setting for this.

    `uvicorn webapp:app` chooses the protocol's class before it loads us, so the class itself is changed, once.
    """
    if HttpToolsProtocol.data_received is not _data_received:
        for name, method in _CHANGED.items():
            setattr(HttpToolsProtocol, name, method)


_connection_made, _connection_lost = HttpToolsProtocol.connection_made, HttpToolsProtocol.connection_lost
_fed = HttpToolsProtocol.data_received


def _made(self: Any, transport: Any) -> None:
    _connection_made(self, transport)
    self.head_timer = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)


def _data_received(self: Any, data: bytes) -> None:
    _fed(self, data)
    is_served = self.cycle is not None and not self.cycle.response_complete
    if is_served:
        _forget(self)
    elif self.head_timer is None:
        self.head_timer = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)


def _lost(self: Any, exc: Exception | None) -> None:
    _forget(self)
    _connection_lost(self, exc)


def _forget(self: Any) -> None:
    if self.head_timer is not None:
        self.head_timer.cancel()
        self.head_timer = None


_CHANGED = {"connection_made": _made, "data_received": _data_received, "connection_lost": _lost}
