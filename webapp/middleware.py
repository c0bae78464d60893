"""Middleware in plain ASGI, so that streams pass untouched. From the outside in: RequestContext, Cors, Faults.

So every answer, whoever makes it, has a request id and the security headers, allowed origins can read it, and an error
anywhere becomes an answer: Starlette's own handler for errors stands outside of all middleware and raises them again.
"""

import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import unquote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptjobs.errors import BadRequest, ScriptJobsError
from scriptjobs.patience import limited_patience
from webapp.body_time import TimedBody
from webapp.errors import envelope, json_face

# Nothing by default. `data:` is for the small pictures inside our own style sheets.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_VARY = "Authorization, Cookie, X-Organisation-ID, X-Organization-ID"
_QUIET = ("/static/", "/healthz")
_LONGEST_PATH = 200

log = structlog.get_logger("access")


class RequestContext:
    """Gives each request an id and a time limit for its body, its answer the security headers, and the log a line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex[:16]
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 0
        body = TimedBody(scope, receive)

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                patience.left_s = None
                headers = MutableHeaders(scope=message)
                _complete(headers, scope["path"], request_id)
                if body.is_left_unread:
                    headers["Connection"] = "close"
            elif body.is_left_unread and not message.get("more_body"):
                # Whoever still sends reads no answer. So the rest is thrown away before the connection is closed.
                await send({**message, "more_body": True})
                await body.throw_away()
                message = {"type": "http.response.body"}
            await send(message)

        try:
            with limited_patience() as patience:
                await self._app(scope, body.receive, send_on)
        finally:
            if not scope["path"].startswith(_QUIET):
                took_ms = round((time.perf_counter() - began) * 1_000, 1)
                path = path_for_log(scope["path"])
                log.info("request", method=scope["method"], path=path, status=status, ms=took_ms, requestId=request_id)


def _complete(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    if not path.startswith("/static/"):
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.add_vary_header(_VARY)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def path_for_log(path: str) -> str:
    """A request's path without what lets somebody in: the token of a sign-in link, however its address is spelt."""
    plain = unquote(unquote(path))
    found = re.search(r"sign-in\W", plain, re.IGNORECASE)
    shown = f"{plain[: found.end()]}…" if found else plain
    return shown if len(shown) <= _LONGEST_PATH else f"{shown[:_LONGEST_PATH]}…"


class Cors(CORSMiddleware):
    """CORS, whose refusals have the shape of all others."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser that asks before it sends."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refused = JSONResponse(envelope(BadRequest(f"{bytes(answer.body).decode()}.")), answer.status_code)
        refused.headers.update(
            {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        )
        return refused


class Faults:
    """Turns an error that nobody has answered into an answer. `face` words it for API or page."""

    def __init__(self, app: ASGIApp, face: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            log.info("client_gone", requestId=scope["state"]["request_id"])
        except Exception as error:
            if has_begun:  # it cannot be told any more; the server closes the connection, so the client sees a cut
                log.exception("answer_cut_off", requestId=scope["state"]["request_id"])
                return
            await self._answer(Request(scope, receive), error)(scope, receive, send)

    def _answer(self, request: Request, error: Exception) -> Response:
        try:
            return self._face(request, error)
        except Exception:
            log.exception("error_not_shown", requestId=request.state.request_id)
            return json_face(request, ScriptJobsError())
