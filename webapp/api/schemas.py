"""The API's shapes: jobs as JSON, bodies and queries as typed values, every fault named."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from scriptjobs.errors import BadRequest, InvalidPayload, is_retryable
from scriptjobs.job_types import JobType
from scriptjobs.jobs import MAX_PRIORITY, MIN_PRIORITY, Job, JobStatus
from scriptjobs.service import COUNT_CAP, JobEvent, JobFilter

BODY_LIMIT_BYTES = 1024 * 1024


class CreateJob(BaseModel):
    """The body of POST /api/jobs. The payload itself is the job type's affair."""

    model_config = ConfigDict(extra="ignore", strict=True)

    job_type: Any = Field(None, alias="jobType")
    payload: dict[str, Any]
    priority: int = Field(0, ge=MIN_PRIORITY, le=MAX_PRIORITY)
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])
    restaurant_id: UUID | None = Field(None, alias="restaurantId", strict=False)


def iso(value: datetime | None) -> str | None:
    """A time as the contract has it: RFC 3339 in UTC with milliseconds and `Z`."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def read_body(request: Request) -> CreateJob:
    """The body of a request.

    Raises:
        BadRequest: PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE.
        InvalidPayload: not JSON, or of the wrong shape (`fields`).
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise BadRequest("Send JSON (Content-Type: application/json).", code="UNSUPPORTED_MEDIA_TYPE")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise BadRequest("The body is larger than 1 MiB.", code="PAYLOAD_TOO_LARGE", limit=BODY_LIMIT_BYTES)
    try:
        return CreateJob.model_validate(json.loads(body))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidPayload(
            "The body is not JSON.", fields=[{"path": "", "message": f"is not JSON: {error}"[:200]}]
        ) from error
    except ValidationError as error:
        fields = [
            {"path": ".".join(str(part) for part in fault["loc"]), "message": _say(fault["type"], fault["msg"])}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidPayload("The body does not fit.", fields=fields) from error


def _say(kind: str, said: str) -> str:
    return {"missing": "is missing", "dict_type": "must be an object", "model_type": "must be an object"}.get(
        kind, said[:1].lower() + said[1:]
    )


def links(job: Job) -> dict[str, str]:
    """Where to go on with a job."""
    here = f"/api/jobs/{job.job_id}"
    return {"status": f"{here}/status", "details": here, "cancel": here, "events": f"{here}/events"}


def created(job: Job, job_type: JobType) -> dict[str, Any]:
    """The answer to POST /api/jobs."""
    return {
        "success": True,
        "job": {
            "id": str(job.id),
            "jobId": job.job_id,
            "jobType": job.job_type,
            "status": job.status.value,
            "createdAt": iso(job.created_at),
            "estimatedDuration": job_type.expected_ms,
        },
        "links": links(job),
    }


def format_job_response(job: Job) -> dict[str, Any]:
    """A job with everything but secrets; its payload is not part of it."""
    return {
        "id": str(job.id),
        "jobId": job.job_id,
        "jobType": job.job_type,
        "status": job.status.value,
        "progress": {
            "percent": job.progress_percent,
            "message": job.progress_message,
            "currentStep": job.current_step,
            "totalSteps": job.total_steps,
        },
        "result": job.result,
        "error": _error(job) | {"retryable": is_retryable(job.error_code)} if job.error_code else None,
        "retryCount": job.retry_count,
        "maxRetries": job.max_retries,
        "retryDelayMs": job.retry_delay_ms,
        "nextRetryAt": iso(job.next_retry_at),
        "createdAt": iso(job.created_at),
        "startedAt": iso(job.started_at),
        "completedAt": iso(job.completed_at),
        "cancelledAt": iso(job.cancelled_at),
        "updatedAt": iso(job.updated_at),
        "organisationId": _text(job.organisation_id),
        "restaurantId": _text(job.restaurant_id),
        "createdBy": _text(job.created_by),
        "priority": job.priority,
        "metadata": job.metadata,
        "attempt": job.attempt_count,
    }


def format_status(job: Job, *, with_progress: bool) -> dict[str, Any]:
    """The least that a poll needs; no envelope."""
    said: dict[str, Any] = {"jobId": job.job_id, "status": job.status.value}
    if with_progress:
        said["progress"] = {"percent": job.progress_percent, "message": job.progress_message}
    said["updatedAt"] = iso(job.updated_at)
    if job.status is JobStatus.COMPLETED:
        said |= {"completedAt": iso(job.completed_at), "hasResult": job.result is not None}
    if job.status in {JobStatus.FAILED, JobStatus.TIMED_OUT}:
        said |= {
            "error": _error(job),
            "retryable": is_retryable(job.error_code),
            "retryCount": job.retry_count,
            "completedAt": iso(job.completed_at),
        }
    return said


def format_list(jobs: list[Job], total: int, wanted: JobFilter) -> dict[str, Any]:
    """One page of a list. Above 10,000 the total is an estimate."""
    return {
        "success": True,
        "jobs": [
            {
                "id": str(job.id),
                "jobId": job.job_id,
                "jobType": job.job_type,
                "status": job.status.value,
                "progress": {"percent": job.progress_percent},
                "createdAt": iso(job.created_at),
                "startedAt": iso(job.started_at),
                "completedAt": iso(job.completed_at),
                "updatedAt": iso(job.updated_at),
                "restaurantId": _text(job.restaurant_id),
                "priority": job.priority,
                "error": _error(job) if job.error_code else None,
            }
            for job in jobs
        ],
        "pagination": {
            "total": total,
            "limit": wanted.limit,
            "offset": wanted.offset,
            "hasMore": wanted.offset + len(jobs) < total,
            **({"totalIsEstimate": True} if total > COUNT_CAP else {}),
        },
    }


def format_type(job_type: JobType) -> dict[str, Any]:
    """A job type as GET /api/jobs/types shows it."""
    return {
        "type": job_type.name,
        "displayName": job_type.title,
        "description": job_type.description,
        "estimatedDuration": job_type.expected_ms,
        "maxRetries": job_type.max_retries,
        "requiredFields": job_type.required_fields,
        "timeout": job_type.timeout_ms,
        "steps": list(job_type.steps),
        "schema": job_type.schema,
    }


def format_event(job: Job, event: JobEvent) -> dict[str, Any]:
    """An event as the stream shows it."""
    return {"jobId": job.job_id, "attempt": event.attempt, "at": iso(event.created_at), **event.data}


def _error(job: Job) -> dict[str, Any]:
    return {"code": job.error_code, "message": job.error_message}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
