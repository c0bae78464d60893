"""Loads one page and says so; then reports the time, as often as the payload asks."""

import asyncio
import time

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

STEPS = ("Load", "Tell the time")


class Payload(BaseModel):
    """How often to tell the time."""

    times: int = 0


async def run(script: Script, payload: Payload) -> face.Result:
    """Load, and tell."""
    await script.open(f"{script.portal_url}/login")
    await script.log("loaded")
    async with script.step(STEPS[1]):
        for number in range(payload.times):
            # Longer than the merging interval and out of step with it, so that each report stands alone.
            await asyncio.sleep(0.83)
            await script.progress(number, payload.times, f"at {time.time() * 1000:.0f}")
    return face.Result(message="told")


JOB_TYPE = JobType(
    name="create-api-key", title="First page", description="Measures.", payload=Payload, result=face.Result,
    steps=STEPS, run=run,
)  # fmt: skip
