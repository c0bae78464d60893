"""Counts: reports progress at a pace that the payload sets, logs, and saves a checkpoint for each number."""

import asyncio

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

STEPS = ("Count", "Rest")


class Payload(BaseModel):
    """How far, and how fast (seconds)."""

    count: int = 3
    pause_s: float = 0.05
    fails_first: bool = False
    padding: str = ""


class Result(face.Result):
    """How far it came."""

    data: dict[str, int]


async def run(script: Script, payload: Payload) -> Result:
    """Count."""
    counted = 0
    async with script.step(STEPS[0]):
        for number in range(1, payload.count + 1):
            await script.progress(number, payload.count, f"number {number}")
            if await script.recall(f"number:{number}"):
                continue
            counted += 1
            await script.log(f"counted {number}")
            await script.checkpoint(f"number:{number}")
            await asyncio.sleep(payload.pause_s)
        if payload.fails_first and "failed" not in script.checkpoints:
            await script.checkpoint("failed")
            raise ScriptError("not yet", code="ETIMEDOUT")
    async with script.step(STEPS[1]):
        pass
    return Result(message="counted", data={"counted": counted, "remembered": len(script.checkpoints)})


JOB_TYPE = JobType(
    name="create-api-key", title="Count", description="Counts.", payload=Payload, result=Result, steps=STEPS, run=run,
    timeout_ms=60_000,
)  # fmt: skip
