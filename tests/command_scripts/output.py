"""Runs the Python that its payload holds: as a command that prints, and as a script of ours with the pipe."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import Script, Secret
from tests.command_scripts import PAYLOAD


class Payload(BaseModel):
    """What to run."""

    code: str
    email: str = "demo@example.com"
    password: Secret | None = None


class Data(BaseModel):
    """What it made."""

    apiKey: Secret | None = None


class Result(face.Result):
    """The result."""

    data: dict[str, Any] | Data = Field(default_factory=dict)


JOB_TYPE = JobType(
    name="setup-stripe-payments", title="Run", description="Runs.", payload=Payload, result=Result,
    steps=("Begin", "End"), command=(sys.executable, __file__, PAYLOAD), timeout_ms=30_000, max_retries=0,
)  # fmt: skip


async def run(script: Script, payload: Payload) -> Result:
    """Run it; `answer` is what it returns."""
    names: dict[str, Any] = {}
    code = "async def work(script, password):\n" + "".join(f"    {line}\n" for line in payload.code.splitlines())
    exec(code, names)
    async with script.step("Begin"):
        return await names["work"](script, payload.password and payload.password.get_secret_value())


if __name__ == "__main__":
    sent = json.loads(Path(sys.argv[1].partition("=")[2]).read_text(encoding="utf-8"))
    exec(sent["code"], {"password": sent["password"]})
