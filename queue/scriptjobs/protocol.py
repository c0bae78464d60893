"""JSON lines on the pipe between a script's process and its runner: framing, size caps, parsing."""

import json
import time
from typing import Any

from pydantic import ValidationError

from scriptjobs.errors import ScriptError
from scriptjobs.events import EVENT, Event

# A result lists up to 500 option sets with an error text each; 4 MiB leaves room and still bounds the parent.
MAX_LINE_BYTES = 4 * 1024 * 1024


def lease_now() -> float:
    """Seconds on the clock of leases, the same in worker and script: it goes on while a laptop sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def encode(event: Event) -> bytes:
    """One event as one line."""
    return event.model_dump_json(exclude_none=True).encode() + b"\n"


def encode_order(order: dict[str, Any]) -> bytes:
    """The job as the runner hands it over on stdin: one line."""
    return json.dumps(order).encode() + b"\n"


def decode(line: bytes) -> Event:
    """The event in a line.

    Raises:
        ScriptError: UNKNOWN_ERROR, when the line is none of ours (a script wrote into the pipe).
    """
    try:
        # PostgreSQL stores no NUL character; what a script prints may hold one.
        return EVENT.validate_json(line.replace(b"\\u0000", b"\\ufffd"))
    except ValidationError as error:
        raise ScriptError(f"The script sent a report that cannot be read: {error.errors()[0]['msg']}") from error
