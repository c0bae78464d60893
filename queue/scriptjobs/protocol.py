"""JSON lines on the pipe between a script's process and its runner: framing, size caps, parsing."""

import json
import time
from typing import Any

from pydantic import ValidationError

from scriptjobs.errors import ScriptError
from scriptjobs.events import EVENT, Event
from scriptjobs.storable import read_json

# A result has at most 1 MiB (storable.py); 4 MiB leaves room for a stack, and still bounds the parent.
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
    """The event in a line, repaired.

    Raises:
        ScriptError: VALIDATION_ERROR, when the line is none of ours (a script wrote into the pipe); names the field.
    """
    try:
        return EVENT.validate_python(read_json(line.decode("utf-8", errors="replace")))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise _unreadable(f"{where}: {fault['msg']}" if where else fault["msg"]) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable("it is no line of JSON, or one nested too deeply") from error


def too_long() -> ScriptError:
    """The error for a line over the cap."""
    return _unreadable(f"it has more than {MAX_LINE_BYTES:,} bytes")


def _unreadable(why: str) -> ScriptError:
    return ScriptError(f"The script sent a report that cannot be read: {why}.", code="VALIDATION_ERROR")
