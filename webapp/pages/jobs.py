"""The jobs: the list, one job's page, its actions, its files, and the live stream of both pages."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scriptjobs.errors import InvalidPayload, JobNotFound, RequestRefused
from scriptjobs.service import Caller, ScriptJobService
from scriptjobs.values import MAX_SMALL, read_whole_number
from webapp.card import ACTIONS, LOOKS, JobCard
from webapp.downloads import file_response
from webapp.fragments import Seen, page_fragments
from webapp.job_list import ListView
from webapp.live import Shown, Watch, live_of
from webapp.pages.session import enter, is_htmx, read_own_form
from webapp.queries import Query, read_list_query
from webapp.render import page, partial, swap
from webapp.staying import Stay
from webapp.streams import last_event_id, most_streams, sse_response
from webapp.views import AttemptPage, JobPage
from webapp.website import site_of

VIEWS = ("page", "rows")


async def index(request: Request) -> Response:
    """GET /jobs: the list, filtered by the address."""
    caller, session = await enter(request)
    site = site_of(request)
    wanted = read_list_query(request.query_params, caller.organisation_id)
    found = await site.service.list_jobs(caller, wanted)
    cards = [JobCard.from_job(job, site.service.job_types, may_act=caller.may_act) for job in found.jobs]
    return page(
        request, "jobs/index", session=session, looks=LOOKS, jobs=ListView.of(cards, found, wanted),
        status_filter=",".join(request.query_params.getlist("status")),
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
    try:
        number = read_whole_number(params["number"], 1, MAX_SMALL)
    except ValueError:
        raise JobNotFound("This job has no such try.") from None
    details = await site.service.get_attempt(caller, params["job_id"], number)
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
    return await file_response(request, caller)


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
    asked_for = Query(query)
    attempt = asked_for.number("attempt", 0, MAX_SMALL, None)
    asked_for.finish()
    return Watch(caller, shown, Seen(last_event_id=last_event_id(request), attempt=attempt), Stay(request, caller))
