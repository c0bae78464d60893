"""The same as a command: a process of its own that prints, whose children hear no signal."""

import sys
from pathlib import Path

from scriptjobs import script as face
from scriptjobs.job_types import JobType
from tests.soak.job_types.journal import Payload as JournalPayload


class Payload(JournalPayload):
    """By which chance it draws what it prints."""

    seed: int = 0


JOB_TYPE = JobType(
    name="setup-services", title="Command", description="Keeps a journal.", payload=Payload, result=face.Result,
    steps=("Begin", "Work"), timeout_ms=12_000,
    command=(sys.executable, "-I", "-S", str(Path(__file__).parents[1] / "command.py"), "--payload={payload}"),
)  # fmt: skip
