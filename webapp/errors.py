"""One table from error code to HTTP status, and the JSON face of every error."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scriptjobs.errors import ScriptJobsError

STATUS = {
    "INVALID_JOB_TYPE": 400,
    "INVALID_PAYLOAD": 400,
    "BAD_REQUEST": 400,
    "CANNOT_CANCEL": 400,
    "ALREADY_COMPLETED": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "JOB_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_RETRYABLE_STATE": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "QUEUE_FULL": 503,
    "TOO_MANY_STREAMS": 503,
}


def status_of(error: ScriptJobsError) -> int:
    """The HTTP status of an error; what is not in the table is our own fault."""
    return STATUS.get(error.code, 500)


def headers_of(error: ScriptJobsError) -> dict[str, str]:
    """The headers that an error brings along."""
    headers: dict[str, str] = {}
    if error.code == "UNAUTHORIZED":
        reason = error.details.get("reason")
        headers["WWW-Authenticate"] = f'Bearer error="{reason}"' if reason else "Bearer"
    if "retryAfter" in error.details:
        headers["Retry-After"] = str(error.details["retryAfter"])
    return headers


def json_face(request: Request, error: ScriptJobsError) -> Response:
    """An error as the API contract has it. Our own faults show a request id and no detail."""
    status = status_of(error)
    said: dict[str, Any] = {"code": error.code, "message": error.message}
    if status >= 500 and error.code not in STATUS:
        said = {
            "code": "INTERNAL_ERROR",
            "message": "Something went wrong on our side. Tell us the request id.",
            "requestId": request.state.request_id,
        }
    else:
        said |= {key: value for key, value in error.details.items() if key != "reason"}
    return JSONResponse({"success": False, "error": said}, status, headers_of(error))
