"""Files of a job as answers, the same for pages and API: pictures to look at, all else to save."""

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.errors import FileNotFound
from scriptjobs.service import Caller
from scriptjobs.values import read_uuid
from webapp.website import site_of

_KEPT = "private, max-age=31536000, immutable"
# Pictures that a browser draws and never runs: an SVG may hold scripts.
_SHOWN = {"image/png", "image/jpeg", "image/webp", "image/gif"}

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


async def file_response(request: Request, caller: Caller) -> Response:
    """The file that `job_id` and `file_id` in the address name.

    Raises:
        JobNotFound, FileNotFound: there is none that the caller may see.
    """
    job_id = request.path_params["job_id"]
    try:
        file_id = read_uuid(request.path_params["file_id"])
    except ValueError:
        raise FileNotFound from None
    file, content = await site_of(request).service.get_file(caller, job_id, file_id)
    # It came from outside: it is what we say it is, it loads and runs nothing, and only pictures are drawn.
    headers = {
        "Cache-Control": _KEPT,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    kind = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
    if kind not in _SHOWN:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{job_id}-{file.name}', safe='')}"
    return Response(content, media_type=kind, headers=headers)
