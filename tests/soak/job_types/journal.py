"""Keeps a journal of its runs, and ends in the way that its payload names. Also run in a real browser."""

import asyncio
import random
from typing import Literal

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.script import Script
from tests.soak.journal import held

STEPS = ("Begin", "Work")
Way = Literal["ok", "flaky", "bad", "crash", "deaf", "odd"]


class Payload(BaseModel):
    """Its name in the journal, the folder of the journal, how long it takes, and how it ends."""

    name: str
    journal: str
    seconds: float = 0.0
    way: Way = "ok"


class Result(face.Result):
    """Nothing."""


async def run(script: Script, payload: Payload) -> Result:
    """Open a page, and wait, in a real browser."""
    with held(payload.journal, payload.name):
        async with script.step(STEPS[0]):
            await script.open(script.portal_url)
            await script.checkpoint("begun")
        async with script.step(STEPS[1]):
            await asyncio.sleep(payload.seconds * random.uniform(0.5, 1.5))
        if payload.way == "bad":
            raise ScriptError("bad", code="VALIDATION_ERROR")
    return Result(message="done")


JOB_TYPE = JobType(
    name="create-api-key", title="Journal", description="Keeps a journal.", payload=Payload, result=Result, steps=STEPS,
    run=run, timeout_ms=20_000,
)  # fmt: skip
