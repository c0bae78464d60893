"""The same on the pipe: a script of ours."""

from scriptjobs.job_types import JobType
from tests.command_scripts.output import Payload, Result, run

JOB_TYPE = JobType(
    name="setup-stripe-payments-no-link", title="Report", description="Reports.", payload=Payload, result=Result,
    steps=("Begin", "End"), run=run, timeout_ms=30_000, max_retries=0,
)  # fmt: skip
