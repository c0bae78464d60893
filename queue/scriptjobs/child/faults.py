"""From an exception in a script to an error code and words of the portal contract."""

import traceback
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import ValidationError

from scriptjobs.errors import ScriptError, classify_error
from scriptjobs.events import Failure, is_code
from scriptjobs.storable import fit, repair_text

# Playwright raises a bare Exception with these words when its driver has died.
_DRIVER_GONE = "Connection closed while reading from the driver"
_TOO_SLOW = "A page took too long to load."
_UNEXPECTED = "The page looked different from what the script expects."
# What the browser says, in small letters; the code; words for people. The first hit decides. Names that begin with err_
# are Chromium's own (net_error_list.h).
_FAULTS = (
    (("crashed", "has been closed", "target closed", "connection closed"), "BROWSER_CRASHED",
     "The browser crashed or was closed."),
    (("err_connection_refused",), "ECONNREFUSED", "The portal refused the connection."),
    (("err_connection_reset", "err_connection_closed", "err_connection_aborted", "err_empty_response", "err_http2_",
      "err_quic_", "err_socket_not_connected", "err_incomplete_chunked"), "ECONNRESET",
     "The portal closed the connection."),
    (("err_network_", "err_internet_disconnected"), "ECONNRESET", "The network of the worker changed or went away."),
    (("err_timed_out", "err_connection_timed_out", "err_name_not_resolved", "err_address_unreachable"), "ETIMEDOUT",
     "The portal did not answer."),
    (("context was destroyed", "frame was detached", "another navigation", "err_aborted"), "ELEMENT_NOT_FOUND",
     "The portal loaded another page while the script worked on this one."),
)  # fmt: skip


def to_failure(error: BaseException) -> Failure:
    """The failure that a script's exception means. It is masked and cut on its way out (`Pipe.send`)."""
    # A repaired text, in which an exception of odd text is told as well.
    stack = repair_text("".join(traceback.format_exception(error)))
    if isinstance(error, ScriptError):
        return _told_by_script(error, stack)
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in (error.title, *fault["loc"]))
        said = f"The script and the data that it works with do not fit together: {where}: {fault['msg']}"
        return Failure(code="VALIDATION_ERROR", message=said, stack=stack)
    said = repair_text(str(error).strip()) or type(error).__name__
    if isinstance(error, PlaywrightError) or _DRIVER_GONE in said:
        code, words = _told_by_browser(error)
        return Failure(code=code, message=f"{words} {said.splitlines()[0]}".strip(), stack=stack)
    return Failure(code=classify_error(said), message=said, stack=stack)


def _told_by_script(error: ScriptError, stack: str) -> Failure:
    """The script's own word; a code that is none is told to its author."""
    code, message = error.code, error.message
    if not is_code(code):
        message += f" (The script named {str(code)[:60]!r} as its error code. A code has at most 60 capital letters, "
        message += "digits and underscores.)"
    try:
        details: dict[str, Any] = fit(error.details, "details")
    except ScriptError as fault:
        details, message = {}, f"{message} ({fault.message})"
    return Failure(code=code, message=message, stack=stack, details=details)


def _told_by_browser(error: BaseException) -> tuple[str, str]:
    said = str(error).lower()
    if isinstance(error, PlaywrightTimeout):
        is_page = "goto" in said or "navigation" in said
        return ("NAVIGATION_TIMEOUT", _TOO_SLOW) if is_page else ("ELEMENT_NOT_FOUND", _UNEXPECTED)
    for needles, code, words in _FAULTS:
        if any(needle in said for needle in needles):
            return code, words
    return classify_error(said), ""
