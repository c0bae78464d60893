"""From an exception in a script to an error code and words of the portal contract."""

import traceback

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import ValidationError

from scriptjobs.errors import ScriptError, classify_error
from scriptjobs.events import Failure

STACK_LIMIT = 20_000
MESSAGE_LIMIT = 2_000

_BROWSER_CODES = (
    (("crashed", "has been closed", "target closed", "connection closed"), "BROWSER_CRASHED"),
    (("err_connection_refused",), "ECONNREFUSED"),
    (("err_connection_reset", "err_empty_response", "err_connection_closed"), "ECONNRESET"),
    (("err_timed_out", "err_connection_timed_out", "err_name_not_resolved"), "ETIMEDOUT"),
)
_WORDS = {
    "BROWSER_CRASHED": "The browser crashed or was closed.",
    "ECONNREFUSED": "The portal refused the connection.",
    "ECONNRESET": "The portal closed the connection.",
    "ETIMEDOUT": "The portal did not answer.",
    "NAVIGATION_TIMEOUT": "A page took too long to load.",
    "ELEMENT_NOT_FOUND": "The page looked different from what the script expects.",
}


def to_failure(error: BaseException) -> Failure:
    """The failure that a script's exception means."""
    stack = "".join(traceback.format_exception(error))[-STACK_LIMIT:]
    if isinstance(error, ScriptError):
        return Failure(code=error.code, message=error.message[:MESSAGE_LIMIT], stack=stack, details=error.details)
    if isinstance(error, ValidationError):
        said = f"The script and the payload do not fit together: {error.errors()[0]['msg']}"
        return Failure(code="VALIDATION_ERROR", message=said, stack=stack)
    said = str(error).strip() or type(error).__name__
    if isinstance(error, PlaywrightError):
        code = _browser_code(error)
        first = said.splitlines()[0]
        return Failure(code=code, message=f"{_WORDS.get(code, '')} {first}".strip()[:MESSAGE_LIMIT], stack=stack)
    return Failure(code=classify_error(said), message=said[:MESSAGE_LIMIT], stack=stack)


def _browser_code(error: PlaywrightError) -> str:
    said = str(error).lower()
    if isinstance(error, PlaywrightTimeout):
        return "NAVIGATION_TIMEOUT" if "goto" in said or "navigation" in said else "ELEMENT_NOT_FOUND"
    return next((code for words, code in _BROWSER_CODES if any(word in said for word in words)), classify_error(said))
