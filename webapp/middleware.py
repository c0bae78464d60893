"""Middleware in plain ASGI, so that streams pass untouched: request id, security headers, access log."""

import re
import time
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scriptjobs.patience import limited_patience

# Nothing by default. `data:` is for the small pictures inside our own style sheets.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_VARY = "Authorization, Cookie, X-Organisation-ID, X-Organization-ID"
_TOKEN = re.compile(r"^/sign-in/[^/]+$")

log = structlog.get_logger("access")


class RequestContext:
    """Gives each request an id, its answer the security headers, and the log a line."""

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

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                patience.left_s = None
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "private, no-cache")
                    headers.add_vary_header(_VARY)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            with limited_patience() as patience:
                await self._app(scope, receive, send_on)
        finally:
            if not scope["path"].startswith(("/static/", "/healthz")):
                log.info(
                    "request",
                    method=scope["method"],
                    path="/sign-in/…" if _TOKEN.match(scope["path"]) else scope["path"],
                    status=status,
                    ms=round((time.perf_counter() - began) * 1_000, 1),
                    requestId=request_id,
                )
