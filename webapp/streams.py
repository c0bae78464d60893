"""What all event streams share: where they go on, headers and heartbeat, and how many one person may hold."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request

from scriptjobs.database import DATABASE_ERRORS
from scriptjobs.errors import InvalidPayload, JobNotFound, RequestRefused
from scriptjobs.values import read_whole_number

Message = TypeVar("Message")
log = structlog.get_logger()

# Proves that a stream comes through at all: a proxy that holds answers back lets nothing pass, and the page polls.
HEARTBEAT_S = 5
SEND_TIMEOUT_S = 10
STREAM_HEADERS = {"Cache-Control": "private, no-cache, no-transform", "X-Accel-Buffering": "no"}
# Beyond these numbers a page polls, without alarm. A browser holds six connections to a host over HTTP/1.1, and needs
# some of them for all else, so that its pages share three streams (static/js/stream_slots.js); where they cannot count,
# as without HTTPS, they ask to be refused beyond three (`most`).
PER_PERSON = 6
PER_PROCESS = 200
RETRY_AFTER_S = 10
MAX_EVENT_ID = 10**18 - 1


class StreamSlots:
    """Counts open streams. A slot is held inside the generator, so that it is freed however the stream ends."""

    def __init__(self) -> None:
        self._held: Counter[UUID] = Counter()

    def check(self, person: UUID, most: int = PER_PERSON) -> None:
        """Refuse one stream too many, while the answer can still say so. `most` is how many the asker wants at most.

        Raises:
            RequestRefused: TOO_MANY_STREAMS.
        """
        if self._held[person] >= min(most, PER_PERSON) or self._held.total() >= PER_PROCESS:
            raise RequestRefused("Too many pages are open.", code="TOO_MANY_STREAMS", retryAfter=RETRY_AFTER_S)

    @contextmanager
    def slot(self, person: UUID) -> Generator[None]:
        """Hold a slot."""
        self._held[person] += 1
        try:
            yield
        finally:
            self._held[person] -= 1
            if not self._held[person]:
                del self._held[person]


def last_event_id(request: Request) -> int:
    """Where a stream goes on: the header that clients send by themselves, or `after` in the address.

    Raises:
        InvalidPayload: it is no number.
    """
    text = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    try:
        return read_whole_number(text, 0, MAX_EVENT_ID)
    except ValueError:
        fault = {"path": "Last-Event-ID", "message": "must be a number from this stream"}
        raise InvalidPayload("Last-Event-ID does not fit.", fields=[fault]) from None


def most_streams(request: Request) -> int:
    """How many streams a browser wants at most, for all its pages together."""
    text = request.query_params.get("most", "")
    return int(text) if text.isdecimal() and len(text) < 3 else PER_PERSON


async def with_farewell(
    content: AsyncGenerator[Message], farewell: Callable[[str], Message]
) -> AsyncGenerator[Message]:
    """A stream that ends with a word whatever ends it: `gone` when there is nothing more that the caller may see,
    `reconnect` when the database is away.
    """
    try:
        async for message in content:
            yield message
    except JobNotFound:
        yield farewell("gone")
    except DATABASE_ERRORS as error:
        log.warning("stream_broken", reason=str(error)[:200] or type(error).__name__)
        yield farewell("reconnect")


def sse_response(content: AsyncGenerator[ServerSentEvent]) -> EventSourceResponse:
    """A stream with the headers and the heartbeat that all of ours have; a HEAD request gets the headers alone."""
    return EventSourceResponse(
        content,
        headers=STREAM_HEADERS,
        ping=HEARTBEAT_S,
        ping_message_factory=lambda: ServerSentEvent(comment="heartbeat", sep="\n"),
        send_timeout=SEND_TIMEOUT_S,
        sep="\n",
    )
