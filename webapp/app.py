"""create_app: middleware in order, routes, error faces, lifespan."""

import errno

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.errors import DatabaseUnavailable, ScriptJobsError, StorageUnavailable
from scriptjobs.logs import configure_logging
from scriptjobs.settings import Settings
from webapp.addresses import answer_beside
from webapp.body_time import limit_heads
from webapp.clients import ForwardedClients, leave_clients_alone
from webapp.errors import headers_of, json_face
from webapp.lifespan import lifespan
from webapp.middleware import Cors, Faults, RequestContext, path_for_log
from webapp.pages.home import html_face
from webapp.routes import routes

_ALLOWED = [
    "Authorization", "Content-Type", "Idempotency-Key", "Prefer", "If-None-Match", "Last-Event-ID",
    "X-Organisation-ID", "X-Organization-ID", "traceparent",
]  # fmt: skip
_EXPOSED = ["Allow", "Content-Disposition", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-Id"]
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}

log = structlog.get_logger()


def create_app(settings: Settings) -> Starlette:
    """The web application. Nothing is opened before its lifespan starts."""
    configure_logging(settings)
    limit_heads()
    leave_clients_alone()
    cors = Middleware(
        Cors,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=_ALLOWED,
        expose_headers=_EXPOSED,
        max_age=7_200,
    )
    forwarded = Middleware(ForwardedClients, trusted_hosts=list(settings.trusted_proxies))
    app = Starlette(
        routes=routes(),
        middleware=[forwarded, Middleware(RequestContext), cors, Middleware(Faults, face=_broken)],
        exception_handlers={ScriptJobsError: _refused, HTTPException: _http},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # it redirects to whatever host the request names; see addresses.py
    app.state.settings = settings
    return app


def _face(request: Request, error: ScriptJobsError) -> Response:
    is_api = request.scope["path"].startswith("/api/")
    response = json_face(request, error) if is_api else html_face(request, error)
    if "retryAfter" in error.details:
        response.headers.update(headers_of(error))
    return response


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScriptJobsError)
    if isinstance(error, DatabaseUnavailable):
        asked = {"requestId": request.state.request_id, "path": request.url.path}
        log.warning("database_unavailable", reason=error.reason, **asked)
    return _face(request, error)


async def _http(request: Request, error: Exception) -> Response:
    """What the router says: no such page, no such method."""
    assert isinstance(error, HTTPException)
    if (beside := answer_beside(request, error)) is not None:
        return beside
    said = "There is no such page." if error.status_code == 404 else error.detail
    response = _face(request, ScriptJobsError(said, code=_CODES.get(error.status_code, "BAD_REQUEST")))
    response.headers.update(error.headers or {})
    return response


def _broken(request: Request, error: Exception) -> Response:
    """The border of a request: logged with its id, told without detail."""
    if isinstance(error, ScriptJobsError):
        return _face(request, error)
    path = path_for_log(request.scope["path"])
    log.error("request_failed", requestId=request.state.request_id, path=path, exc_info=error)
    is_full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    return _face(request, StorageUnavailable.of(error) if is_full else ScriptJobsError())
