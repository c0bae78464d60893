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
    "FILE_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "DUPLICATE_JOB": 409,
    "IDEMPOTENCY_IN_FLIGHT": 409,
    "NOT_RETRYABLE_STATE": 409,
    "NOT_RUNNING": 409,
    "SECRETS_ERASED": 409,
    "NOT_WAITING": 409,
    "REQUEST_TIMEOUT": 408,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "IDEMPOTENCY_MISMATCH": 422,
    "RATE_LIMITED": 429,
    "QUEUE_FULL": 503,
    "SERVICE_UNAVAILABLE": 503,
    "STORAGE_UNAVAILABLE": 503,
    "TOO_MANY_STREAMS": 503,
    "STORAGE_FULL": 507,
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


# What to do instead: the action of the job that the error names.
_LINKS = {
    "DUPLICATE_JOB": ("status", "details", "cancel", "stop"),
    "CANNOT_CANCEL": ("stop",),
    "NOT_RUNNING": ("cancel",),
}


def envelope(error: ScriptJobsError) -> dict[str, Any]:
    """A refusal as the API contract has it, with the addresses that lead on."""
    said: dict[str, Any] = {"code": error.code, "message": error.message}
    said |= {key: value for key, value in error.details.items() if key != "reason"}
    if "jobId" in error.details and error.code in _LINKS:
        every = links(str(error.details["jobId"]))
        said["links"] = {name: every[name] for name in _LINKS[error.code]}
    return {"success": False, "error": said}


def links(job_id: str) -> dict[str, str]:
    """Where to go on with a job."""
    here = f"/api/jobs/{job_id}"
    return {
        "status": f"{here}/status", "details": here, "cancel": here, "stop": f"{here}/stop", "retry": f"{here}/retry",
        "events": f"{here}/events",
    }  # fmt: skip


def json_face(request: Request, error: ScriptJobsError) -> Response:
    """An error as the API contract has it. Our own faults show a request id and no detail."""
    status = status_of(error)
    if status < 500 or error.code in STATUS:
        return JSONResponse(envelope(error), status, headers_of(error))
    said = {
        "code": "INTERNAL_ERROR",
        "message": "Something went wrong on our side. Tell us the request id.",
        "requestId": request.state.request_id,
    }
    return JSONResponse({"success": False, "error": said}, status, headers_of(error))
