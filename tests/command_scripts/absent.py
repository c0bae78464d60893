"""Names a command that is not there."""

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.job_types import JobType


class Payload(BaseModel):
    """Nothing."""


JOB_TYPE = JobType(
    name="setup-services", title="Absent", description="Cannot start.", payload=Payload, result=face.Result,
    steps=("Start",), command=("/nowhere/node", "x.js"), max_retries=0,
)  # fmt: skip
