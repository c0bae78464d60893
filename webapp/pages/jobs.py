"""The jobs: the list, one job's page, its actions, its files, and the live stream of both pages."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scriptjobs.errors import InvalidPayload, JobNotFound, RequestRefused
from scriptjobs.service import Caller, ScriptJobService
from webapp.card import ACTIONS, LOOKS, JobCard
from webapp.fragments import Seen, page_fragments
from webapp.job_list import JobList
from webapp.live import Shown, Watch, live_of
from webapp.pages.session import enter, is_htmx, read_own_form
from webapp.queries import read_list_query
from webapp.render import page, partial, swap
from webapp.staying import Stay
from webapp.streams import last_event_id, most_streams, sse_response
from webapp.views import AttemptPage, JobPage
from webapp.website import site_of

FILES_KEPT = "private, max-age=31536000, immutable"
VIEWS = ("page", "rows")


async def index(request: Request) -> Response:
    """GET /jobs: the list, filtered by the address."""
    caller, session = await enter(request)
    site = site_of(request)
    wanted = read_list_query(request.query_params, caller.organisation_id)
    found, total = await site.service.list_jobs(caller, wanted)
    cards = [JobCard.from_job(job, site.service.job_types, may_act=caller.may_act) for job in found]
    return page(
        request, "jobs/index", session=session, looks=LOOKS, jobs=JobList.of(cards, total, wanted),
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
    news = Seen(last_event_id=details.last_event_id).take(
        page_fragments(details, service.job_types, may_act=caller.may_act)
    )
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
    """GET /live/stream?view=page&jobs=JOB_… or ?view=rows&<filter of the list>: what changes on a page, as HTML for
    htmx, over SSE.
    """
    watch = await _watched(request)
    site = site_of(request)
    live = live_of(request)

    async def tell() -> AsyncGenerator[ServerSentEvent]:
        with site.streams.slot(watch.caller.user_id):
            async for told in live.stream(watch, site.stopping):
                id_ = str(told.id) if told.event == "fragments" else None
                yield ServerSentEvent(told.data, event=told.event, id=id_, sep="\n")

    site.streams.check(watch.caller.user_id, most_streams(request))
    return sse_response(tell())


async def fragments(request: Request) -> Response:
    """GET /live/fragments: the same once, for a page whose stream is lost."""
    watch = await _watched(request)
    found = await live_of(request).look(watch.caller, watch.shown)
    if found is None:
        raise JobNotFound
    news = watch.seen.take(found)
    return HTMLResponse(news, headers={"X-Last-Event-Id": str(watch.seen.last_event_id)})


async def _watched(request: Request) -> Watch:
    """Who watches what, and what the page shows already.

    Raises:
        InvalidPayload: nothing to watch. JobNotFound: nothing that the caller may see.
    """
    caller, _ = await enter(request)
    query = request.query_params
    view, job_id = query.get("view", "page"), query.get("jobs", "")
    if view not in VIEWS or (view == "page" and not job_id):
        fault = {"path": "view" if view not in VIEWS else "jobs", "message": "does not fit"}
        raise InvalidPayload("There is nothing to watch.", fields=[fault])
    if view == "rows":
        shown = Shown(caller.organisation_id, caller.may_act, wanted=read_list_query(query, caller.organisation_id))
    else:
        job = await site_of(request).service.get_job(caller, job_id)
        shown = Shown(caller.organisation_id, caller.may_act, job_id=job.job_id, job_uuid=job.id)
    attempt = query.get("attempt", "")
    seen = Seen(last_event_id=last_event_id(request), attempt=int(attempt) if attempt.isdecimal() else None)
    return Watch(caller, shown, seen, Stay(request, caller))
