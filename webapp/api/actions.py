"""What may be done with a job beyond the six endpoints: stop, retry, run now, cancel the rest, keep."""

from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.service import Answer, Connection
from webapp.api import schemas
from webapp.api.bodies import KeepJob, RetryJob, read_body
from webapp.api.idempotency import answer
from webapp.caller import get_caller
from webapp.website import site_of


async def stop(request: Request) -> Response:
    """POST /api/jobs/{jobId}/stop: ask for the end of a running job. 200 when an earlier stop has ended it."""
    caller = await get_caller(request)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        job = await service.stop_job(caller, request.path_params["job_id"], within=within)
        return Answer(200 if job.status.is_terminal else 202, schemas.accepted(job))

    return await answer(request, caller, {}, work)


async def retry(request: Request) -> Response:
    """POST /api/jobs/{jobId}/retry: start an ended job again, from the last checkpoint or from the start."""
    caller = await get_caller(request)
    body = await read_body(request, RetryJob)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        job = await service.retry_job(
            caller, request.path_params["job_id"], from_start=body.from_step == "start", within=within
        )
        return Answer(202, schemas.accepted(job))

    return await answer(request, caller, body.model_dump(), work)


async def run_now(request: Request) -> Response:
    """POST /api/jobs/{jobId}/run-now: wait no longer for a time, a next try, or what has failed for good."""
    caller = await get_caller(request)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        return Answer(
            202, schemas.accepted(await service.run_job_now(caller, request.path_params["job_id"], within=within))
        )

    return await answer(request, caller, {}, work)


async def cancel_rest(request: Request) -> Response:
    """POST /api/jobs/{jobId}/cancel-rest: cancel all that waits for what failed before this job."""
    caller = await get_caller(request)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        cancelled = await service.cancel_rest(caller, request.path_params["job_id"], within=within)
        return Answer(200, {"success": True, "cancelled": cancelled})

    return await answer(request, caller, {}, work)


async def erase_secrets(request: Request) -> Response:
    """POST /api/jobs/{jobId}/erase-secrets: erase the password of a job that failed, timed out or was cancelled."""
    caller = await get_caller(request)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        job = await service.erase_secrets(caller, request.path_params["job_id"], within=within)
        return Answer(200, schemas.accepted(job))

    return await answer(request, caller, {}, work)


async def keep(request: Request) -> Response:
    """POST /api/jobs/{jobId}/keep: keep a job beyond its time, or with {"keep": false} let it go."""
    caller = await get_caller(request)
    body = await read_body(request, KeepJob)
    service = site_of(request).service

    async def work(within: Connection | None) -> Answer:
        job = await service.keep_job(caller, request.path_params["job_id"], kept=body.keep, within=within)
        return Answer(200, schemas.accepted(job))

    return await answer(request, caller, body.model_dump(), work)
