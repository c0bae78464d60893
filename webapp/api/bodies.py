"""The API's bodies as typed values, every fault named."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request

from scriptjobs.errors import BadRequest, InvalidPayload
from scriptjobs.jobs import MAX_PRIORITY, MIN_PRIORITY
from scriptjobs.service import JobOptions
from scriptjobs.values import read_json, read_time, read_uuid
from scriptjobs.wording import say

BODY_LIMIT_BYTES = 1024 * 1024


def _id(value: object) -> UUID | None:
    """An id as JSON holds it."""
    if value is not None and not isinstance(value, str):
        raise ValueError("must be a UUID")
    return value if value is None else read_uuid(value)


def _moment(value: object) -> datetime | None:
    """A moment as JSON holds it."""
    return None if value is None else read_time(value, needs_zone=True)


class CreateJob(BaseModel):
    """The body of POST /api/jobs. The payload is validated by the job type."""

    model_config = ConfigDict(extra="ignore", strict=True)

    job_type: Any = Field(None, alias="jobType")
    payload: dict[str, Any]
    priority: int = Field(0, ge=MIN_PRIORITY, le=MAX_PRIORITY)
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])
    restaurant_id: Annotated[UUID | None, BeforeValidator(_id)] = Field(None, alias="restaurantId")
    run_at: Annotated[datetime | None, BeforeValidator(_moment)] = Field(None, alias="runAt")
    depends_on: list[str] = Field(default_factory=list[str], alias="dependsOn", max_length=50)
    allow_duplicate: bool = Field(default=False, alias="allowDuplicate")

    @property
    def options(self) -> JobOptions:
        """All but type and payload."""
        return JobOptions(
            priority=self.priority, metadata=self.metadata, restaurant_id=self.restaurant_id, run_at=self.run_at,
            depends_on=tuple(self.depends_on), allow_duplicate=self.allow_duplicate,
        )  # fmt: skip


class RetryJob(BaseModel):
    """The body of POST /api/jobs/{jobId}/retry; it may be missing."""

    model_config = ConfigDict(strict=True)

    from_step: Literal["last", "start"] = Field("last", alias="fromStep")


class KeepJob(BaseModel):
    """The body of POST /api/jobs/{jobId}/keep; it may be missing."""

    model_config = ConfigDict(strict=True)

    keep: bool = True


Body = TypeVar("Body", bound=BaseModel)


async def read_body(request: Request, shape: type[Body]) -> Body:
    """The body of a request. One that is missing is an empty object, where the shape allows that.

    Raises:
        BadRequest: PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE.
        InvalidPayload: not JSON, or of the wrong shape (`fields`).
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise BadRequest("The body is larger than 1 MiB.", code="PAYLOAD_TOO_LARGE", limit=BODY_LIMIT_BYTES)
    may_be_missing = not any(field.is_required() for field in shape.model_fields.values())
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json") and not (may_be_missing and not body):
        raise BadRequest("Send JSON (Content-Type: application/json).", code="UNSUPPORTED_MEDIA_TYPE")
    try:
        return shape.model_validate(read_json(bytes(body) or (b"{}" if may_be_missing else b"")))
    except ValidationError as error:  # which is a ValueError as well
        fields = [
            {"path": ".".join(str(part) for part in fault["loc"]), "message": say(fault)}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidPayload("The body does not fit.", fields=fields) from error
    except ValueError as error:
        raise InvalidPayload("The body cannot be read.", fields=[{"path": "", "message": str(error)}]) from error
