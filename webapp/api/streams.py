"""GET /api/jobs/{jobId}/events: a job's events as JSON over SSE, resumed with Last-Event-ID."""

import json
import time
from collections.abc import AsyncGenerator

from sse_starlette import JSONServerSentEvent, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.jobs import Job
from scriptjobs.service import Caller
from webapp.api.schemas import format_event
from webapp.caller import get_caller
from webapp.live import STREAM_SECONDS, wait_for_any
from webapp.staying import Stay
from webapp.streams import last_event_id, sse_response, with_farewell
from webapp.website import Site, site_of

RECONNECT_MS = 3_000


async def events(request: Request) -> Response:
    """Stream what happens to the job; ends after its terminal event, or at once (204) when nothing is left to say."""
    caller = await get_caller(request)
    site = site_of(request)
    job = await site.service.get_job(caller, request.path_params["job_id"])
    after = last_event_id(request)
    if job.status.is_terminal and after and not await site.service.read_events(caller, job, after):
        return Response(status_code=204)
    site.streams.check(caller.user_id)
    return sse_response(with_farewell(_tell(site, caller, job, after, Stay(request, caller)), _goodbye))


async def _tell(site: Site, caller: Caller, job: Job, after: int, stay: Stay) -> AsyncGenerator[ServerSentEvent]:
    deadline = time.monotonic() + STREAM_SECONDS
    has_ended = False
    with site.streams.slot(caller.user_id), site.wakeups.watching(job.id) as news:
        while not site.stopping.is_set() and time.monotonic() < deadline:
            news.take()
            if reason := await stay.end_reason():
                yield _goodbye(reason)
                return
            fresh = await site.service.read_events(caller, job, after)
            for event in fresh:
                after = event.id
                yield JSONServerSentEvent(
                    format_event(job, event), event=event.kind, id=str(event.id), retry=RECONNECT_MS, sep="\n"
                )
            # Its last events may have come between the two reads, so they are looked for once more.
            if has_ended and not fresh:
                return
            has_ended = not fresh and (await site.service.get_job(caller, job.job_id)).status.is_terminal
            if not fresh and not has_ended:
                patience_s = min(site.wakeups.patience_s, stay.patience_s)
                await wait_for_any(news.woken, site.stopping, timeout_s=patience_s)
    yield _goodbye("stopping" if site.stopping.is_set() else "reconnect")


def _goodbye(reason: str) -> ServerSentEvent:
    """The last event. Who is signed out, or may no longer see the job, need not come back."""
    said = {"reconnect": reason not in {"signed-out", "gone"}, "reason": reason}
    return ServerSentEvent(json.dumps(said), event="goodbye", sep="\n")
