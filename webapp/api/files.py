"""Uploaded files: POST /api/files, and what is in one."""

from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scriptjobs.errors import BadRequest, FileNotFound, InvalidPayload
from scriptjobs.service import UPLOAD_LIMIT_BYTES, Preview
from webapp.api.schemas import iso
from webapp.caller import get_caller
from webapp.uploads import read_multipart
from webapp.website import site_of


async def create(request: Request) -> Response:
    """POST /api/files: one file in the multipart field `file`. A menu's faults are told at once."""
    caller = await get_caller(request)
    site = site_of(request)
    await site.limits.check("upload", caller.user_id)
    name, content = await _read_file(request)
    preview = await site.service.upload_file(caller, name, content)
    return JSONResponse({"success": True, "file": _file(preview), **_content(preview)}, 201)


async def preview(request: Request) -> Response:
    """GET /api/files/{fileId}/preview: rows, categories and problems of a menu; the size of a picture."""
    caller = await get_caller(request)
    site = site_of(request)
    await site.limits.check("details", caller.user_id)
    try:
        id_ = UUID(request.path_params["file_id"])
    except ValueError as error:
        raise FileNotFound from error
    found = await site.service.preview_file(caller, id_)
    return JSONResponse({"success": True, "file": _file(found), **_content(found)})


async def _read_file(request: Request) -> tuple[str, bytes]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest("Send the file as multipart/form-data.", code="UNSUPPORTED_MEDIA_TYPE")
    try:
        form = await read_multipart(request, limit_bytes=UPLOAD_LIMIT_BYTES, max_files=1, max_fields=5)
    except HTTPException as error:
        raise BadRequest(f"The form cannot be read: {error.detail}") from error
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
