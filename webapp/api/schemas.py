"""The API's answers: jobs, lists, types and events as JSON."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scriptjobs.errors import is_retryable
from scriptjobs.estimates import Estimate
from scriptjobs.job_types import JobType
from scriptjobs.jobs import RETRYABLE_BY_HAND, Job, JobFile, JobStatus
from scriptjobs.service import COUNT_CAP, JobEvent, JobFilter, JobList
from webapp.errors import links
from webapp.waiting import explain


def iso(value: datetime | None) -> str | None:
    """A time as the contract has it: RFC 3339 in UTC with milliseconds and `Z`."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def accepted(job: Job) -> dict[str, Any]:
    """The answer to POST /api/jobs, and to what is done with a job afterwards."""
    said = {
        "id": str(job.id),
        "jobId": job.job_id,
        "jobType": job.job_type,
        "status": job.status.value,
        "createdAt": iso(job.created_at),
        "estimatedDuration": job.expected.p50_ms if job.expected else None,
        "runAt": iso(job.run_at),
        "stopRequestedAt": iso(job.stop_requested_at),
        "keep": job.keep or None,
    }
    return {
        "success": True,
        "job": {key: value for key, value in said.items() if value is not None},
        "links": links(job.job_id),
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
        "runAt": iso(job.run_at),
        "waiting": format_waiting(job),
        "eta": _eta(job),
        "stopRequestedAt": iso(job.stop_requested_at),
        "stopStage": job.stop_stage,
        "resumedStep": job.resumed_step,
        "resumable": _resumable(job),
        "keep": job.keep,
        "expiresAt": iso(job.expires_at),
    }


def format_waiting(job: Job) -> dict[str, Any] | None:
    """Why a job waits (product page 3.5): code, sentence, and what is known of its end."""
    view = explain(job)
    if view is None or job.waiting is None:
        return None
    said: dict[str, Any] = {"code": view.code, "text": view.text, "until": iso(view.until)}
    said["position"] = job.waiting.place if view.code in {"SLOTS_BUSY", "NEXT"} else None
    if job.waiting.other_job_id:
        said["blockedBy"] = {"jobId": job.waiting.other_job_id, "jobType": job.waiting.other_type}
    return {key: value for key, value in said.items() if value is not None}


def _eta(job: Job) -> dict[str, int] | None:
    """How much longer a running job takes (milliseconds): half of them need `p50` at most, nine of ten `p90`."""
    if job.status is not JobStatus.IN_PROGRESS or job.expected is None or job.started_at is None or job.resumed_step:
        return None
    ran_ms = round((datetime.now(UTC) - job.started_at).total_seconds() * 1_000)
    return {"p50": max(0, job.expected.p50_ms - ran_ms), "p90": max(0, job.expected.p90_ms - ran_ms)}


def _resumable(job: Job) -> dict[str, int] | None:
    can = job.checkpoint_step is not None and job.status in RETRYABLE_BY_HAND
    return {"fromStep": int(job.checkpoint_step or 0)} if can else None


def format_status(job: Job, *, with_progress: bool) -> dict[str, Any]:
    """The least that a poll needs; no envelope."""
    said: dict[str, Any] = {"jobId": job.job_id, "status": job.status.value}
    if with_progress:
        said["progress"] = {"percent": job.progress_percent, "message": job.progress_message}
    said["updatedAt"] = iso(job.updated_at)
    if job.waiting:
        said["waiting"] = format_waiting(job)
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


def format_list(found: JobList, wanted: JobFilter) -> dict[str, Any]:
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
            for job in found.jobs
        ],
        "pagination": {
            "total": found.total,
            "limit": wanted.limit,
            "offset": wanted.offset,
            "hasMore": found.has_more,
            **({"totalIsEstimate": True} if found.total > COUNT_CAP else {}),
        },
    }


def format_type(job_type: JobType, expected: Estimate) -> dict[str, Any]:
    """A job type as GET /api/jobs/types shows it."""
    return {
        "type": job_type.name,
        "displayName": job_type.title,
        "description": job_type.description,
        "estimatedDuration": expected.p50_ms,
        "maxRetries": job_type.max_retries,
        "requiredFields": job_type.required_fields,
        "timeout": job_type.timeout_ms,
        "steps": list(job_type.steps),
        "schema": job_type.schema,
    }


def format_event(job: Job, event: JobEvent) -> dict[str, Any]:
    """An event as the stream shows it."""
    return {"jobId": job.job_id, "attempt": event.attempt, "at": iso(event.created_at), **event.data}


def format_file(job_id: str, file: JobFile) -> dict[str, Any]:
    """A file that a try of a job left, with its address. `size` in bytes."""
    return {
        "id": str(file.id), "attempt": file.attempt, "step": file.step, "name": file.name, "mediaType": file.media_type,
        "size": file.size, "links": {"content": f"/api/jobs/{job_id}/files/{file.id}"},
    }  # fmt: skip


def _error(job: Job) -> dict[str, Any]:
    return {"code": job.error_code, "message": job.error_message}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
