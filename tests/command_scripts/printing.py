"""Prints in the way that its payload names."""

from typing import Literal

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import CsvFile, Secret
from tests.command_scripts import FOLDER, NODE, PAYLOAD


class Payload(BaseModel):
    """In which way."""

    way: Literal[
        "block", "old_block", "json", "counts", "silent", "says_no", "exits", "boasts", "tells", "reads", "hangs",
        "escapes", "kills_itself", "crashes",
    ]  # fmt: skip
    email: str = "demo@example.com"
    password: Secret
    note: str = ""
    csvFile: CsvFile | None = None


class Data(BaseModel):
    """What it made."""

    apiKey: Secret


class Result(face.Result):
    """The result."""

    data: Data


JOB_TYPE = JobType(
    name="create-api-key", title="Print", description="Prints.", payload=Payload, result=Result,
    steps=("Sign in", "Work", "Finish"), command=(NODE, str(FOLDER / "printing.js"), PAYLOAD), timeout_ms=5_000,
    max_retries=0,
)  # fmt: skip
