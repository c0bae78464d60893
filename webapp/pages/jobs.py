"""The jobs: the list, one job's page, its actions, its files, and the live stream of both pages."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scriptjobs.errors import InvalidPayload, JobNotFound, RequestRefused
from scriptjobs.service import Caller, ScriptJobService
from webapp.card import ACTIONS, LOOKS, JobCard
from webapp.live import VIEWS, Seen, Shown, live_of, page_fragments
from webapp.pages.session import enter, is_htmx, read_own_form
from webapp.queries import read_list_query
from webapp.render import page, partial, swap
from webapp.streams import last_event_id, sse_response
from webapp.views import AttemptPage, JobPage
from webapp.website import site_of

FILES_KEPT = "private, max-age=31536000, immutable"
MAX_ROWS = 100


async def index(request: Request) -> Response:
    """GET /jobs: the list, filtered by the address."""
    caller, session = await enter(request)
    site = site_of(request)
    wanted = read_list_query(request.query_params, caller.organisation_id)
    found, total = await site.service.list_jobs(caller, wanted)
    return page(
        request, "jobs/index", session=session, total=total, wanted=wanted, looks=LOOKS,
        cards=[JobCard.from_job(job, site.service.job_types, may_act=caller.may_act) for job in found],
        status_filter=request.query_params.get("status", ""),
    )  # fmt: skip


async def show(request: Request) -> Response:
    """GET /jobs/{jobId}: everything about one job."""
    caller, session = await enter(request)
    site = site_of(request)
    details = await site.service.get_details(caller, request.path_params["job_id"])
    view = JobPage.from_details(details, site.service.job_types, may_act=caller.may_act)
    return page(
        request, "jobs/show", session=session, job=view, actions=ACTIONS,
        last_event_id=details.last_event_id,
    )  # fmt: skip


async def attempt(request: Request) -> Response:
    """GET /jobs/{jobId}/attempts/{number}: what one try did, and how it ended."""
    caller, session = await enter(request)
    site = site_of(request)
    params = request.path_params
    details = await site.service.get_attempt(caller, params["job_id"], params["number"])
    return page(request, "jobs/attempt", session=session, job=AttemptPage.from_details(details, site.service.job_types))


async def act(request: Request) -> Response:
    """POST /jobs/{jobId}/{action}: answered with the changed parts for htmx, or with the page for a plain form."""
    caller, session = await enter(request)
    await read_own_form(request, session)
    service = site_of(request).service
    job_id = request.path_params["job_id"]
    note = ""
    try:
        await _do(service, caller, job_id, request.path_params["action"])
    except JobNotFound:
        raise
    except RequestRefused as error:
        note = error.message  # somebody, or the job itself, was faster: say so beside what is true now
        if not is_htmx(request):
            raise
    if not is_htmx(request):
        return RedirectResponse(f"/jobs/{job_id}", 303)
    details = await service.get_details(caller, job_id)
    news = Seen(last_event_id=details.last_event_id).take(page_fragments(details, service, may_act=caller.may_act))
    return HTMLResponse(news + swap("#note", partial("note", note)))


# What each action of a job's page asks of the service.
_DO: dict[str, Callable[[ScriptJobService, Caller, str], Awaitable[object]]] = {
    "cancel": lambda service, caller, job_id: service.cancel_job(caller, job_id),
    "stop": lambda service, caller, job_id: service.stop_job(caller, job_id),
    "retry": lambda service, caller, job_id: service.retry_job(caller, job_id),
    "restart": lambda service, caller, job_id: service.retry_job(caller, job_id, from_start=True),
    "retry-blocker": lambda service, caller, job_id: service.retry_blockers(caller, job_id),
    "run-now": lambda service, caller, job_id: service.run_job_now(caller, job_id),
    "cancel-rest": lambda service, caller, job_id: service.cancel_rest(caller, job_id),
    "keep": lambda service, caller, job_id: service.keep_job(caller, job_id, kept=True),
    "let-go": lambda service, caller, job_id: service.keep_job(caller, job_id, kept=False),
    "erase-secrets": lambda service, caller, job_id: service.erase_secrets(caller, job_id),
}


async def _do(service: ScriptJobService, caller: Caller, job_id: str, action: str) -> None:
    if action not in _DO:
        raise JobNotFound("There is no such action.")
    await _DO[action](service, caller, job_id)


async def file(request: Request) -> Response:
    """GET /jobs/{jobId}/files/{fileId}: a picture to look at; all else to save, for it came from outside."""
    caller, _ = await enter(request)
    params = request.path_params
    found, content = await site_of(request).service.get_file(caller, params["job_id"], params["file_id"])
    headers = {"Cache-Control": FILES_KEPT, "Content-Security-Policy": "default-src 'none'; sandbox"}
    if not found.media_type.startswith("image/"):
        headers["Content-Disposition"] = f'attachment; filename="{params["job_id"]}-{found.name}"'
    return Response(content, media_type=found.media_type, headers=headers)


async def stream(request: Request) -> Response:
    """GET /live/stream?view=page|rows&jobs=…: what changes on a page, as HTML for htmx, over SSE."""
    caller, shown, ids, seen = await _watched(request)
    site = site_of(request)
    live = live_of(request)

    async def tell() -> AsyncGenerator[ServerSentEvent]:
        with site.streams.slot(caller.user_id):
            async for id_, html in live.stream(shown, ids, seen, site.stopping):
                yield ServerSentEvent(html, event="fragments", id=str(id_), sep="\n")
            yield ServerSentEvent("stopping" if site.stopping.is_set() else "ended", event="goodbye", sep="\n")

    site.streams.check(caller.user_id)
    return sse_response(tell())


async def fragments(request: Request) -> Response:
    """GET /live/fragments: the same once, for a page whose stream is lost."""
    _, shown, _, seen = await _watched(request)
    found = await live_of(request).look(shown)
    if found is None:
        raise JobNotFound
    news = seen.take(found)
    return HTMLResponse(news, headers={"X-Last-Event-Id": str(seen.last_event_id)})


async def _watched(request: Request) -> tuple[Caller, Shown, list[UUID], Seen]:
    """Who watches what, the ids of its jobs, and what the page shows already."""
    caller, _ = await enter(request)
    query = request.query_params
    view = query.get("view", "page")
    asked = [job_id for job_id in query.get("jobs", "").split(",") if job_id][: 1 if view == "page" else MAX_ROWS]
    if view not in VIEWS or not asked:
        fault = {"path": "view" if asked else "jobs", "message": "does not fit"}
        raise InvalidPayload("There is nothing to watch.", fields=[fault])
    jobs = await site_of(request).service.get_jobs(caller, asked)
    if not jobs:
        raise JobNotFound
    shown = Shown(view, tuple(job.job_id for job in jobs), caller.may_act)
    attempt = query.get("attempt", "")
    seen = Seen(last_event_id=last_event_id(request), attempt=int(attempt) if attempt.isdecimal() else None)
    return caller, shown, [job.id for job in jobs], seen
