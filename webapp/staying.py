"""Staying: a stream asks again and again whether the person who watches still may."""

import time

from starlette.requests import Request

from scriptjobs.errors import Forbidden, ScriptJobsError, Unauthorized
from scriptjobs.service import Caller
from webapp.caller import recheck

# A session or token that ended, or a membership that is gone, ends a stream within so long.
ASK_EVERY_S = 15.0


class Stay:
    """Asks for one stream, opened by `caller` with `request`."""

    def __init__(self, request: Request, caller: Caller) -> None:
        self._request = request
        self._caller = caller
        self._due = time.monotonic() + ASK_EVERY_S

    @property
    def patience_s(self) -> float:
        """How long until it is time to ask again."""
        return max(0.0, self._due - time.monotonic())

    async def end_reason(self) -> str:
        """Why the stream has to end: `signed-out`, `gone`, or `reconnect` when the person's rights changed. Empty while
        it may go on, or when it is too early to ask.
        """
        if self.patience_s:
            return ""
        try:
            now = await recheck(self._request)
        except Unauthorized:
            return "signed-out"
        except Forbidden:
            return "gone"
        except ScriptJobsError:  # it cannot be told just now; the answer to the next request will say so
            return "reconnect"
        self._due = time.monotonic() + ASK_EVERY_S
        return "" if now == self._caller else "reconnect"
