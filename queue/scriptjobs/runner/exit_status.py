"""What an exit status says of a script that ended without a result: killed, crashed, or of its own will."""

import signal

from scriptjobs.errors import classify_error
from scriptjobs.events import Failure

# A supervisor or a shell tells the signal that killed its child by adding this to its number.
_BY_SIGNAL = 128
_CRASHES = frozenset({signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGTRAP})


def explain_end(status: int, last_words: str) -> Failure:
    """The failure of a script that ended with `status` (negative for a signal). Who was killed may try again."""
    words = f" Its last words: {last_words}" if last_words else ""
    number = -status if status < 0 else status - _BY_SIGNAL
    if number in set(signal.Signals):
        said = f"The script was killed by signal {number} and gave no result. {_cause(number)}{words}"
        return Failure(code="BROWSER_CRASHED", message=said)
    said = f"The script ended with exit status {status} and gave no result.{words}"
    return Failure(code=classify_error(last_words), message=said)


def _cause(number: int) -> str:
    if number == signal.SIGKILL:
        return "Most likely the machine ran out of memory."
    if number in _CRASHES:
        return "It crashed, perhaps for want of memory."
    if number == signal.SIGXFSZ:
        return "It wrote a file that is larger than a job may write."
    return "Something outside of the queue ended it."
