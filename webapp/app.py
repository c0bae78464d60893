"""create_app: middleware in order, routes, error faces, lifespan."""

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.errors import DatabaseUnavailable, ScriptJobsError
from scriptjobs.logs import configure_logging
from scriptjobs.settings import Settings
from webapp.errors import json_face
from webapp.lifespan import lifespan
from webapp.middleware import RequestContext
from webapp.pages.home import html_face
from webapp.routes import routes

_ALLOWED = [
    "Authorization", "Content-Type", "Idempotency-Key", "Prefer", "If-None-Match", "Last-Event-ID",
    "X-Organisation-ID", "X-Organization-ID", "traceparent",
]  # fmt: skip
_EXPOSED = ["Location", "Retry-After", "X-Request-Id"]
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}

log = structlog.get_logger()


def create_app(settings: Settings) -> Starlette:
    """The web application. Nothing is opened before its lifespan starts."""
    configure_logging(settings)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=_ALLOWED,
        expose_headers=_EXPOSED,
        max_age=7_200,
    )
    app = Starlette(
        routes=routes(),
        middleware=[Middleware(RequestContext), cors],
        exception_handlers={ScriptJobsError: _refused, HTTPException: _http, Exception: _broken},
        lifespan=lifespan,
    )
    app.state.settings = settings
    return app


def _face(request: Request, error: ScriptJobsError) -> Response:
    return json_face(request, error) if request.url.path.startswith("/api/") else html_face(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScriptJobsError)
    if isinstance(error, DatabaseUnavailable):
        asked = {"requestId": request.state.request_id, "path": request.url.path}
        log.warning("database_unavailable", reason=error.reason, **asked)
    return _face(request, error)


async def _http(request: Request, error: Exception) -> Response:
    """What the router says: no such page, no such method."""
    assert isinstance(error, HTTPException)
    said = "There is no such page." if error.status_code == 404 else error.detail
    response = _face(request, ScriptJobsError(said, code=_CODES.get(error.status_code, "BAD_REQUEST")))
    response.headers.update(error.headers or {})
    return response


async def _broken(request: Request, error: Exception) -> Response:
    """The border of a request: logged with its id, told without detail."""
    log.error("request_failed", requestId=request.state.request_id, path=request.url.path, exc_info=error)
    return _face(request, ScriptJobsError())
