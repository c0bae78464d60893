"""Files: what people upload (POST /api/files, and what is in one), and what the tries of a job left."""

import hashlib
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scriptjobs.errors import BadRequest, FileNotFound, InvalidPayload
from scriptjobs.service import UPLOAD_LIMIT_BYTES, Answer, Connection, Preview
from scriptjobs.values import read_uuid
from webapp.api.idempotency import answer
from webapp.api.schemas import format_file, iso
from webapp.caller import get_caller
from webapp.downloads import file_response
from webapp.uploads import read_form
from webapp.website import site_of


async def create(request: Request) -> Response:
    """POST /api/files: one file in the multipart field `file`. A menu's faults are told at once."""
    caller = await get_caller(request)
    name, content = await _read_file(request)

    async def work(within: Connection | None) -> Answer:
        preview = await site_of(request).service.upload_file(caller, name, content, within=within)
        return Answer(201, {"success": True, "file": _file(preview), **_content(preview)})

    return await answer(request, caller, {"name": name, "sha256": hashlib.sha256(content).hexdigest()}, work)


async def preview(request: Request) -> Response:
    """GET /api/files/{fileId}/preview: rows, categories and problems of a menu; the size of a picture."""
    caller = await get_caller(request)
    site = site_of(request)
    try:
        id_ = read_uuid(request.path_params["file_id"])
    except ValueError as error:
        raise FileNotFound from error
    found = await site.service.preview_file(caller, id_)
    return JSONResponse({"success": True, "file": _file(found), **_content(found)})


async def of_job(request: Request) -> Response:
    """GET /api/jobs/{jobId}/files: pictures of steps and evidence of failures, of all tries, oldest first."""
    caller = await get_caller(request)
    job_id = request.path_params["job_id"]
    found = await site_of(request).service.list_files(caller, job_id)
    return JSONResponse({"success": True, "files": [format_file(job_id, file) for file in found]})


async def one_of_job(request: Request) -> Response:
    """GET /api/jobs/{jobId}/files/{fileId}: its content."""
    return await file_response(request, await get_caller(request))


async def _read_file(request: Request) -> tuple[str, bytes]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest("Send the file as multipart/form-data.", code="UNSUPPORTED_MEDIA_TYPE")
    form = await read_form(request, limit_bytes=UPLOAD_LIMIT_BYTES, max_files=1, max_fields=5)
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidPayload("The field “file” is missing.", fields=[{"path": "file", "message": "is missing"}])
        return file.filename or "", await file.read()
    finally:
        await form.close()


def _file(preview: Preview) -> dict[str, Any]:
    upload = preview.upload
    return {
        "id": str(upload.id), "name": upload.name, "kind": upload.kind, "mediaType": upload.media_type,
        "size": upload.size, "createdAt": iso(upload.created_at),
    }  # fmt: skip


def _content(preview: Preview) -> dict[str, Any]:
    menu = preview.menu
    if menu is None:
        return {"preview": {"width": preview.width, "height": preview.height}}
    problems = [
        {
            "line": problem.line, "column": problem.column, "message": problem.message,
            "severity": "error" if problem.is_error else "warning",
        }
        for problem in menu.problems
    ]  # fmt: skip
    return {
        "preview": {
            "rows": menu.rows,
            "items": menu.rows,
            "columns": menu.columns,
            "menus": [{"name": name, "items": count} for name, count in menu.menus.items()],
            "categories": [{"name": name, "items": count} for name, count in menu.categories.items()],
            "problems": problems,
            "errorCount": menu.error_count,
            "warningCount": menu.warning_count,
            "sample": menu.sample,
            "canBeImported": not menu.error_count,
        }
    }
