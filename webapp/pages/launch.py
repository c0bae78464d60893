"""The launch pages: the job types, and the form of one."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scriptjobs.errors import BadRequest, DuplicateJob, InvalidPayload, QueueFull, RateLimited
from scriptjobs.jobs import RawPayload
from scriptjobs.service import Caller, JobOptions, ScriptJobService
from webapp.errors import status_of
from webapp.forms import draw_form, field_errors, read_form
from webapp.pages.session import enter, read_own_files
from webapp.render import page
from webapp.website import site_of

_ADD_ROWS = "_add_rows"
_ANYWAY = "_allow_duplicate"
SHOWN_PROBLEMS = 5


async def index(request: Request) -> Response:
    """GET /launch: what can be started."""
    _, session = await enter(request)
    service = site_of(request).service
    kinds = [(kind, (await service.estimate(kind.name)).p50_ms) for kind in service.job_types]
    return page(request, "launch/index", session=session, job_types=kinds)


async def new(request: Request) -> Response:
    """GET /launch/{type}: the empty form, or with `from=JOB_…` the input of that job; secrets are typed anew."""
    caller, _ = await enter(request)
    before = request.query_params.get("from")
    kind = request.path_params["type"]
    return await _draw(request, await site_of(request).service.get_input(caller, before, kind) if before else None)


async def create(request: Request) -> Response:
    """POST /launch/{type}: start the job, or show what to correct; nothing that was typed is lost but secrets."""
    caller, session = await enter(request)
    form, files = await read_own_files(request, session)
    site = site_of(request)
    kind = site.service.job_types.get(request.path_params["type"])
    faults = await _take_files(site.service, caller, form, files)
    payload = read_form(kind.schema, form)
    if faults or _ADD_ROWS in form:
        return await _draw(request, payload, faults)
    try:
        await site.limits.check("create", caller.user_id)
        options = JobOptions(allow_duplicate=_ANYWAY in form)
        job = await site.service.create_job(caller, kind.name, RawPayload(payload), options)
    except InvalidPayload as error:
        return await _draw(request, payload, error.details["fields"])
    except (DuplicateJob, QueueFull, RateLimited) as error:
        active = error.details.get("jobId")
        return await _draw(request, payload, [{"path": "", "message": error.message}], status_of(error), active)
    return RedirectResponse(f"/jobs/{job.job_id}", 303)


async def _take_files(
    service: ScriptJobService, caller: Caller, form: dict[str, str], files: dict[str, tuple[str, bytes]]
) -> list[dict[str, str]]:
    """Upload what was chosen, and put the ids into the form. Returns what is wrong with the files, field by field."""
    faults: list[dict[str, str]] = []
    for field, (name, content) in files.items():
        try:
            preview = await service.upload_file(caller, name, content)
        except InvalidPayload as error:
            faults.append({"path": field, "message": error.details["fields"][0]["message"]})
            continue
        except BadRequest as error:
            faults.append({"path": field, "message": error.message})
            continue
        if preview.menu and preview.menu.errors:
            problems = [str(problem) for problem in preview.menu.errors]
            more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
            faults.append({"path": field, "message": "; ".join(problems[:SHOWN_PROBLEMS]) + more})
            continue
        form[field] = str(preview.upload.id)
    return faults


async def _draw(
    request: Request,
    payload: Mapping[str, Any] | None = None,
    faults: list[dict[str, str]] | None = None,
    status: int = 0,
    active_job_id: str | None = None,
) -> Response:
    _, session = await enter(request)
    kind = site_of(request).service.job_types.get(request.path_params["type"])
    fields = draw_form(kind.schema, payload, field_errors(faults or []))
    return page(
        request, "launch/new", status=status or (400 if faults else 200), session=session, job_type=kind,
        fields=fields, faults=faults or [], active_job_id=active_job_id,
        usual_ms=(await site_of(request).service.estimate(kind.name)).p50_ms,
    )  # fmt: skip
