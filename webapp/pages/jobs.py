"""The jobs: the list, one job's page, its actions, its files, and the live stream of both pages."""

from collections.abc import AsyncGenerator, Callable
from urllib.parse import urlencode
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scriptjobs.errors import InvalidPayload, JobNotFound, RequestRefused
from scriptjobs.service import Caller, ScriptJobService
from scriptjobs.values import MAX_SMALL, read_whole_number
from webapp.card import ACTIONS, LOOKS, JobCard
from webapp.downloads import file_response
from webapp.live import VIEWS, Seen, Shown, live_of, page_fragments
from webapp.pages.session import enter, is_htmx, read_own_form
from webapp.queries import Query, read_list_query
from webapp.render import page, partial, swap
from webapp.streams import last_event_id, sse_response
from webapp.views import AttemptPage, JobPage
from webapp.website import site_of

MAX_ROWS = 100


async def index(request: Request) -> Response:
    """GET /jobs: the list, filtered by the address."""
    caller, session = await enter(request)
    site = site_of(request)
    wanted = read_list_query(request.query_params, caller.organisation_id)
    found = await site.service.list_jobs(caller, wanted)
    return page(
        request, "jobs/index", session=session, total=found.total, has_more=found.has_more, wanted=wanted, looks=LOOKS,
        cards=[JobCard.from_job(job, site.service.job_types, may_act=caller.may_act) for job in found.jobs],
        status_filter=",".join(request.query_params.getlist("status")), page_address=_page_address(request),
    )  # fmt: skip


def _page_address(request: Request) -> Callable[[int], str]:
    """The address of another page of the same list: everything that was asked for stays, but for the offset."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "offset" and value]

    def address(offset: int) -> str:
        return f"/jobs?{urlencode([*kept, ('offset', offset)])}"

    return address


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
    news = Seen(last_event_id=details.last_event_id).take(page_fragments(details, service, may_act=caller.may_act))
    return HTMLResponse(news + swap("#note", partial("note", note)))


async def _do(service: ScriptJobService, caller: Caller, job_id: str, action: str) -> None:
    match action:
        case "cancel":
            await service.cancel_job(caller, job_id)
        case "stop":
            await service.stop_job(caller, job_id)
        case "retry" | "restart":
            await service.retry_job(caller, job_id, from_start=action == "restart")
        case "retry-blocker":
            await service.retry_blockers(caller, job_id)
        case "run-now":
            await service.run_job_now(caller, job_id)
        case "cancel-rest":
            await service.cancel_rest(caller, job_id)
        case "keep" | "let-go":
            await service.keep_job(caller, job_id, kept=action == "keep")
        case _:
            raise JobNotFound("There is no such action.")


async def file(request: Request) -> Response:
    """GET /jobs/{jobId}/files/{fileId}: a picture to look at; all else to save, for it came from outside."""
    caller, _ = await enter(request)
    return await file_response(request, caller)


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
    asked_for = Query(query)
    attempt = asked_for.number("attempt", 0, MAX_SMALL, None)
    asked_for.finish()
    seen = Seen(last_event_id=last_event_id(request), attempt=attempt)
    return caller, shown, [job.id for job in jobs], seen
