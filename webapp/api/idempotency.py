"""Idempotency-Key: a POST that is sent twice is worked on once and answered twice."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scriptjobs.errors import BadRequest, RequestRefused
from scriptjobs.service import Answer, Caller, Connection, Once
from webapp.errors import envelope, status_of
from webapp.website import site_of

# A quoted string, as the draft of the header wants it, or bare, as many clients send it.
_KEY = re.compile(r'"([!#-~]{1,255})"|([!#-~]{1,255})')
FIRST_POLL_S = 2

Work = Callable[[Connection | None], Awaitable[Answer]]


async def answer(request: Request, caller: Caller, body: Any, work: Work) -> Response:
    """Do the work, once for each Idempotency-Key, and answer. `body` tells one request from another.

    Raises:
        BadRequest: the key is empty, too long, or holds a space or a sign beyond ASCII.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        done = await work(None)
    else:
        key = _KEY.fullmatch(header.strip())
        if key is None:
            raise BadRequest("The header Idempotency-Key must be 1 to 255 visible ASCII characters.")
        once = Once(
            key=key[1] or key[2],
            path=quote(request.scope["path"]),
            body=json.dumps(body, sort_keys=True, default=str).encode(),
            refused=_refused,
        )
        done = await site_of(request).service.answer_once(caller, once, work)
    headers = {"Idempotent-Replayed": "true"} if done.is_replay else {}
    if place := done.body.get("links", {}).get("details"):
        headers |= {"Location": place, "Retry-After": str(FIRST_POLL_S)}
    return JSONResponse(done.body, done.status, headers)


def _refused(error: RequestRefused) -> Answer:
    return Answer(status_of(error), envelope(error))
