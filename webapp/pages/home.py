"""The way in, the health checks, and the faces of errors on pages."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from scriptjobs.errors import ScriptJobsError
from webapp.errors import STATUS, headers_of, status_of
from webapp.pages.session import is_htmx, to_sign_in
from webapp.render import page, partial, swap
from webapp.website import site_of


async def index(_request: Request) -> Response:
    """GET /: the jobs are what people come for."""
    return RedirectResponse("/jobs", 303)


async def health(_request: Request) -> Response:
    """GET /healthz: the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """GET /readyz: the database answers and the storage takes files; says how news arrive."""
    site = site_of(request)
    has_database, has_files = await asyncio.gather(site.service.is_ready(), site.service.takes_files())
    is_ready = has_database and has_files and not site.stopping.is_set()
    news = "notifications" if site.wakeups.is_live else "polling"
    answer = {
        "status": "ok" if is_ready else "not ready", "database": "ok" if has_database else "unavailable",
        "files": "ok" if has_files else "unavailable", "news": news,
    }  # fmt: skip
    return JSONResponse(answer, 200 if is_ready else 503)


def html_face(request: Request, error: ScriptJobsError) -> Response:
    """An error as a page, or as a note on the page that htmx asks from. Who is not signed in is led there."""
    if error.code == "UNAUTHORIZED":
        return to_sign_in(request)
    status = status_of(error)
    is_ours = error.code not in STATUS
    said = "Something went wrong on our side." if is_ours else error.message
    if is_htmx(request):
        return HTMLResponse(swap("#note", partial("note", said)), status)
    face = page(
        request, "error", status=status, code="INTERNAL_ERROR" if is_ours else error.code, message=said,
        request_id=request.state.request_id, fields=error.details.get("fields", []),
    )  # fmt: skip
    face.headers.update(headers_of(error))
    return face
