"""The six endpoints of the contract: create, show, status, cancel, list, types."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scriptjobs.jobs import RawPayload
from scriptjobs.service import Answer, Connection
from webapp.api import schemas
from webapp.api.bodies import CreateJob, read_body
from webapp.api.idempotency import answer
from webapp.caller import get_caller
from webapp.queries import read_list_query, read_switch
from webapp.website import site_of


async def create(request: Request) -> Response:
    """POST /api/jobs: accept a job; the answer comes at once."""
    caller = await get_caller(request)
    site = site_of(request)
    body = await read_body(request, CreateJob)

    async def work(within: Connection | None) -> Answer:
        job = await site.service.create_job(
            caller, body.job_type, RawPayload(body.payload), body.options, within=within
        )
        return Answer(202, schemas.accepted(job))

    return await answer(request, caller, body.model_dump(), work)


async def show(request: Request) -> Response:
    """GET /api/jobs/{jobId}: everything but secrets."""
    caller = await get_caller(request)
    job = await site_of(request).service.get_job(caller, request.path_params["job_id"])
    return JSONResponse({"success": True, "job": schemas.format_job_response(job)})


async def status(request: Request) -> Response:
    """GET /api/jobs/{jobId}/status: the least data, made for polling."""
    caller = await get_caller(request)
    with_progress = read_switch(request.query_params, "includeProgress", default=True)
    job = await site_of(request).service.get_job(caller, request.path_params["job_id"])
    return JSONResponse(schemas.format_status(job, with_progress=with_progress))


async def cancel(request: Request) -> Response:
    """DELETE /api/jobs/{jobId}: cancel a waiting job."""
    caller = await get_caller(request)
    job = await site_of(request).service.cancel_job(caller, request.path_params["job_id"])
    said = {"jobId": job.job_id, "status": job.status.value, "cancelledAt": schemas.iso(job.cancelled_at)}
    return JSONResponse({"success": True, "message": "The job was cancelled.", "job": said})


async def index(request: Request) -> Response:
    """GET /api/jobs: the organisation's jobs, filtered and paged."""
    caller = await get_caller(request)
    wanted = read_list_query(request.query_params, caller.organisation_id)
    found = await site_of(request).service.list_jobs(caller, wanted)
    return JSONResponse(schemas.format_list(found, wanted))


async def types(request: Request) -> Response:
    """GET /api/jobs/types: what can be launched."""
    await get_caller(request)
    service = site_of(request).service
    usual = await service.estimates()
    found = [schemas.format_type(kind, usual[kind.name]) for kind in service.job_types]
    return JSONResponse({"success": True, "types": found})
