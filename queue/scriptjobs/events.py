"""What can be said of a job: one vocabulary from the script's pipe over the event table to the streams.

`kind` is the tag on the pipe, the column `kind` of `script_job_events` and the `event:` of the streams. The database
itself writes three more kinds: `status` (a trigger, at each move), `stop` (its stages) and `action` (what people did).
All others come from a script.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from scriptjobs import storable

# How much of a text is kept. It is cut where it is masked, never before (scriptjobs/redaction.py).
MESSAGE_LIMIT = 500
LINE_LIMIT = 2_000
FAILURE_LIMIT = 4_000
STACK_LIMIT = 20_000

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
UNKNOWN = "UNKNOWN_ERROR"


def is_code(code: object) -> bool:
    """Whether this is an error code: capital letters, digits and underscores, at most 60."""
    return isinstance(code, str) and _CODE.fullmatch(code) is not None


def _repair_text(value: Any) -> Any:
    return storable.repair_text(value) if isinstance(value, str) else value


# What a script says is repaired as it becomes an event, in the script's process as well as in the worker.
Text = Annotated[str, BeforeValidator(_repair_text)]
Code = Annotated[str, BeforeValidator(lambda code: code if is_code(code) else UNKNOWN)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepChanged(_Event):
    """A step began or ended. `position` counts from 1; `duration_ms` is set when it ended."""

    kind: Literal["step"] = "step"
    state: Literal["running", "done", "failed"]
    position: int = Field(ge=1, le=1_000)
    total: int = Field(ge=1, le=1_000)
    title: Text
    duration_ms: int | None = Field(default=None, ge=0, le=2**31 - 1)


class Progress(_Event):
    """How far the job is. `percent` None means unknown."""

    kind: Literal["progress"] = "progress"
    percent: int | None = Field(default=None, ge=0, le=100)
    message: Text | None = None


class Log(_Event):
    """One line of log."""

    kind: Literal["log"] = "log"
    level: Literal["debug", "info", "warning", "error"] = "info"
    source: Literal["script", "stdout", "stderr", "console", "worker"] = "script"
    text: Text


class Screenshot(_Event):
    """A picture lies in the job's private folder under `file`."""

    kind: Literal["screenshot"] = "screenshot"
    file: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,80}$")
    position: int | None = Field(default=None, ge=1, le=1_000)


class Attachment(_Event):
    """A file lies in the job's private folder under `file`, for whoever looks into what went wrong."""

    kind: Literal["file"] = "file"
    file: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,80}$")
    media_type: Literal["image/jpeg", "text/html", "text/plain", "application/zip"]
    position: int | None = Field(default=None, ge=1, le=1_000)


class Hidden(_Event):
    """A secret that the script met: from now on it is masked in everything. It is never stored itself."""

    kind: Literal["hidden"] = "hidden"
    value: Text = Field(min_length=1)


class Checkpoint(_Event):
    """Something that a later attempt need not do again, saved in the step `position`."""

    kind: Literal["checkpoint"] = "checkpoint"
    name: Text = Field(min_length=1, max_length=200)
    value: Annotated[Any, BeforeValidator(lambda value: storable.fit(value, "checkpoint"))] = None
    position: int | None = Field(default=None, ge=1, le=1_000)


class Resumed(_Event):
    """The script found work of an earlier attempt, in the step `position`, and goes on behind it."""

    kind: Literal["resumed"] = "resumed"
    position: int = Field(ge=1, le=1_000)


class Result(_Event):
    """The script's result as the contract has it: {success, partial?, message, data}."""

    kind: Literal["result"] = "result"
    result: Annotated[dict[str, Any], BeforeValidator(lambda value: storable.fit(value, "result"))]


class Failure(_Event):
    """The script failed, with a code of the portal contract."""

    kind: Literal["failure"] = "failure"
    code: Code
    message: Text
    stack: Text | None = None
    details: Annotated[dict[str, Any], BeforeValidator(lambda value: storable.fit(value, "details"))] = Field(
        default_factory=dict[str, Any]
    )


class Ready(_Event):
    """A warm runner is ready for its job."""

    kind: Literal["ready"] = "ready"


Event = Annotated[
    StepChanged | Progress | Log | Screenshot | Attachment | Hidden | Checkpoint | Resumed | Result | Failure | Ready,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
