"""What a running script reports: steps, percent, log, pictures, checkpoints; every write guarded by the fence."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.errors import FenceLost
from scriptjobs.events import Checkpoint, Log, Progress, Resumed, StepChanged
from scriptjobs.jobs import ClaimedJob, JobFile


@dataclass(slots=True)
class Report:
    """What is to be written in one go. `progress` holds the newest value only; the rest is complete and in order."""

    progress: Progress | None = None
    steps: list[StepChanged] = field(default_factory=list[StepChanged])
    logs: list[Log] = field(default_factory=list[Log])
    checkpoints: list[Checkpoint] = field(default_factory=list[Checkpoint])
    files: list[JobFile] = field(default_factory=list[JobFile])
    resumed: Resumed | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.progress or self.steps or self.logs or self.checkpoints or self.files or self.resumed)


# The fence: the row is locked and counts only while this very attempt runs. Whoever rescued, cancelled or finished the
# job changed status or attempt_id under the same lock, so a late write finds no row. Percent never goes down within an
# attempt.
_GUARD = text(
    """
    update public.script_jobs
    set progress_percent = greatest(coalesce(progress_percent, 0), coalesce(:percent, 0)),
        progress_message = coalesce(:message, progress_message),
        current_step = coalesce(:current_step, current_step),
        total_steps = coalesce(:total_steps, total_steps),
        checkpoint_step = coalesce(:checkpoint_step, checkpoint_step),
        resumed_step = coalesce(:resumed_step, resumed_step)
    where id = :id and attempt_id = :fence and status::text = 'in_progress'
    returning id
    """
)
# These run behind the guard, in its transaction and under its lock: ids of one job's events grow in commit order.
_APPEND = text(
    """
    insert into public.script_job_events (job_id, attempt, kind, data)
    select :id, :attempt, told ->> 'kind', told - 'kind'
    from jsonb_array_elements(:events) with ordinality as listed (told, place)
    order by place
    """
).bindparams(bindparam("events", type_=JSONB))
_STEP = text(
    """
    insert into public.script_job_steps (job_id, attempt, position, title, state, duration_ms)
    values (:id, :attempt, :position, :title, :state, :duration_ms)
    on conflict (job_id, attempt, position)
        do update set state = excluded.state, title = excluded.title, duration_ms = excluded.duration_ms
    """
)
_CHECKPOINT = text(
    """
    insert into public.script_job_checkpoints (job_id, name, value, attempt)
    values (:id, :name, :value, :attempt)
    on conflict (job_id, name)
        do update set value = excluded.value, attempt = excluded.attempt, saved_at = now()
    """
).bindparams(bindparam("value", type_=JSONB))
_FILE = text(
    """
    insert into public.script_job_files (id, job_id, attempt, step, name, media_type, size, storage_key)
    values (:file_id, :id, :attempt, :step, :name, :media_type, :size, :storage_key)
    """
)
_RESUMED = text("update public.script_job_attempts set resumed_step = :step where id = :fence")
_PID = text(
    """
    update public.script_jobs
    set process_pid = :pid
    where id = :id and attempt_id = :fence and status::text = 'in_progress'
    """
)


async def update_job_progress(connection: AsyncConnection, claim: ClaimedJob, report: Report) -> None:
    """Write a report of the running script.

    Raises:
        FenceLost: the job is no longer ours; nothing was written.
    """
    guarded = await connection.execute(_GUARD, {"id": claim.id, "fence": claim.fence, **_row_values(report)})
    if guarded.first() is None:
        raise FenceLost
    key: dict[str, UUID | int] = {"id": claim.id, "attempt": claim.attempt}
    for step in report.steps:
        await connection.execute(_STEP, key | step.model_dump(include={"position", "title", "state", "duration_ms"}))
    for saved in report.checkpoints:
        await connection.execute(_CHECKPOINT, key | {"name": saved.name, "value": saved.value})
    for file in report.files:
        values = {name: getattr(file, name) for name in ("step", "name", "media_type", "size", "storage_key")}
        await connection.execute(_FILE, key | values | {"file_id": file.id})
    if report.resumed:
        await connection.execute(_RESUMED, {"fence": claim.fence, "step": report.resumed.position})
    if told := _told(report):
        await connection.execute(_APPEND, key | {"events": told})


def _row_values(report: Report) -> dict[str, Any]:
    last = report.steps[-1] if report.steps else None
    return {
        "percent": report.progress.percent if report.progress else None,
        "message": report.progress.message if report.progress else None,
        "current_step": last.position if last else None,
        "total_steps": last.total if last else None,
        "checkpoint_step": report.checkpoints[-1].position if report.checkpoints else None,
        "resumed_step": report.resumed.position if report.resumed else None,
    }


def _told(report: Report) -> list[dict[str, Any]]:
    """The events of a report as the streams show them."""
    events = [*report.steps, *([report.progress] if report.progress else []), *report.logs]
    told = [event.model_dump(mode="json", exclude_none=True) for event in events]
    for event in told:
        if "duration_ms" in event:
            event["durationMs"] = event.pop("duration_ms")
    # Evidence comes with a failure, which is an event of its own; only pictures are shown as they are taken.
    pictures = [file for file in report.files if not file.is_evidence]
    return told + [
        {"kind": "screenshot", "fileId": str(file.id), "step": file.step, "name": file.name} for file in pictures
    ]


async def record_pid(connection: AsyncConnection, claim: ClaimedJob, pid: int) -> None:
    """Note which process group runs the script."""
    await connection.execute(_PID, {"id": claim.id, "fence": claim.fence, "pid": pid})
