"""The launch pages: the job types, and the form of one."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scriptjobs.errors import BadRequest, DuplicateJob, FileNotFound, InvalidPayload, QueueFull, RateLimited
from scriptjobs.job_types import JobType
from scriptjobs.jobs import RawPayload
from scriptjobs.service import Caller, JobOptions, ScriptJobService
from webapp.errors import status_of
from webapp.forms import Field, draw_form, field_errors, only_named, read_form, with_labels
from webapp.pages.session import enter, is_htmx, read_own_files
from webapp.previews import FilePreview
from webapp.render import page, partial, swap
from webapp.results import failed_names
from webapp.website import site_of

# Buttons that only have the form drawn again: with more rows, or with what is in the chosen files.
_ONLY_DRAWN = {"_add_rows", "_check_files"}
_ANYWAY = "_allow_duplicate"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form shows: what was sent before, what is wrong with it, and what is in the files that came with it."""

    payload: Mapping[str, Any] | None = None
    faults: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    previews: dict[str, FilePreview] = field(default_factory=dict[str, FilePreview])

    @property
    def errors(self) -> dict[str, str]:
        """The faults by their fields."""
        return field_errors(self.faults)


async def index(request: Request) -> Response:
    """GET /launch: what can be started."""
    _, session = await enter(request)
    service = site_of(request).service
    usual = await service.estimates()
    kinds = [(kind, usual[kind.name].p50_ms) for kind in service.job_types]
    return page(request, "launch/index", session=session, job_types=kinds)


async def new(request: Request) -> Response:
    """GET /launch/{type}: the empty form, or with `from=JOB_…` the input of that job, with `only=failed` as far as that
    failed; secrets are typed anew.
    """
    caller, _ = await enter(request)
    before = request.query_params.get("from")
    kind = request.path_params["type"]
    service = site_of(request).service
    given = await service.get_input(caller, before, kind) if before else None
    if before and given and request.query_params.get("only") == "failed":
        given = only_named(given, failed_names((await service.get_job(caller, before)).result or {}))
    return await _draw(request, Shown(given))


async def create(request: Request) -> Response:
    """POST /launch/{type}: start the job, or show what to correct; nothing that was typed is lost but secrets."""
    caller, session = await enter(request)
    form, files = await read_own_files(request, session)
    site = site_of(request)
    kind = site.service.job_types.get(request.path_params["type"])
    starts = not _ONLY_DRAWN & set(form)
    shown = Shown(read_form(kind.schema, form))
    try:
        if files:
            await site.limits.check("upload", caller.user_id)
        faults, previews = await _take_files(site.service, caller, form, files)
        shown = Shown(read_form(kind.schema, form), faults, previews)
        if not starts and "_check_files" in form and is_htmx(request):
            return await _redraw_files(request, shown)
        if faults or not starts:
            return await _draw(request, shown)
        await site.limits.check("create", caller.user_id)
        options = JobOptions(allow_duplicate=_ANYWAY in form)
        job = await site.service.create_job(caller, kind.name, RawPayload(dict(shown.payload or {})), options)
    except InvalidPayload as error:
        return await _draw(request, replace(shown, faults=error.details["fields"]))
    except (DuplicateJob, QueueFull, RateLimited) as error:
        said = [{"path": "", "message": error.message}]
        return await _draw(request, replace(shown, faults=said), status_of(error), error.details.get("jobId"))
    return RedirectResponse(f"/jobs/{job.job_id}", 303)


async def _take_files(
    service: ScriptJobService, caller: Caller, form: dict[str, str], files: dict[str, tuple[str, bytes]]
) -> tuple[list[dict[str, str]], dict[str, FilePreview]]:
    """Upload what was chosen, and put the ids into the form. Returns what is wrong with the files, and what is in
    them, field by field.
    """
    faults: list[dict[str, str]] = []
    previews: dict[str, FilePreview] = {}
    for path, (name, content) in files.items():
        try:
            preview = await service.upload_file(caller, name, content)
        except InvalidPayload as error:
            faults.append({"path": path, "message": error.details["fields"][0]["message"]})
            continue
        except BadRequest as error:
            faults.append({"path": path, "message": error.message})
            continue
        previews[path] = FilePreview.of(preview)
        form[path] = str(preview.upload.id)
        if preview.menu and preview.menu.error_count:
            many = preview.menu.error_count
            said = f"has {many:,} error{'s' * (many > 1)}; correct the file and choose it again"
            faults.append({"path": path, "message": said})
            del form[path]
    return faults, previews


async def _fields_of(service: ScriptJobService, caller: Caller, kind: JobType, shown: Shown) -> list[Field]:
    previews = shown.previews | await _previews_of(service, caller, kind, shown)
    return [_with_preview(field, previews) for field in draw_form(kind.schema, shown.payload, shown.errors)]


async def _redraw_files(request: Request, shown: Shown) -> Response:
    """What was found in the files, beside their fields; all other fields stay as they are, passwords too."""
    caller, _ = await enter(request)
    service = site_of(request).service
    fields = await _fields_of(service, caller, service.job_types.get(request.path_params["type"]), shown)
    # Drawn anew, never morphed: the file that was chosen is here by now, and need not be sent again.
    files = [field for field in fields if field.kind == "file"]
    news = [swap(f"#field-{field.name}", partial("form_field", field), "outerHTML") for field in files]
    faults = partial("form_errors", with_labels(shown.faults, fields))
    return HTMLResponse("".join([swap("#form-errors", faults), *news, swap("#note", partial("note", ""))]))


async def _draw(request: Request, shown: Shown, status: int = 0, active_job_id: str | None = None) -> Response:
    caller, session = await enter(request)
    service = site_of(request).service
    kind = service.job_types.get(request.path_params["type"])
    fields = await _fields_of(service, caller, kind, shown)
    return page(
        request, "launch/new", status=status or (400 if shown.faults else 200), session=session, job_type=kind,
        fields=fields, faults=with_labels(shown.faults, fields), active_job_id=active_job_id,
        usual_ms=(await service.estimate(kind.name)).p50_ms,
    )  # fmt: skip


async def _previews_of(
    service: ScriptJobService, caller: Caller, kind: JobType, shown: Shown
) -> dict[str, FilePreview]:
    """What is in the files that were uploaded before."""
    found: dict[str, FilePreview] = {}
    for file in kind.files_of(shown.payload or {}):
        if file.path not in shown.previews:
            with contextlib.suppress(FileNotFound):  # which the service tells when the job is to start
                found[file.path] = FilePreview.of(await service.preview_file(caller, file.id))
    return found


def _with_preview(field: Field, previews: Mapping[str, FilePreview]) -> Field:
    if field.rows:
        return replace(field, rows=[[_with_preview(cell, previews) for cell in row] for row in field.rows])
    return replace(field, preview=previews.get(field.name))
