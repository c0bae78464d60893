"""Misbehaves for as long as it likes."""

import asyncio
from dataclasses import replace

from scriptjobs.script import Script
from tests.fake_scripts import misbehaving
from tests.fake_scripts.misbehaving import Payload, Result


async def run(script: Script, payload: Payload) -> Result:
    """Misbehave, and stay."""
    async with script.step(misbehaving.STEPS[0]):
        await misbehaving.WAYS[payload.way](script, payload)
        await asyncio.sleep(600)
    return Result(message="never")


JOB_TYPE = replace(misbehaving.JOB_TYPE, run=run, timeout_ms=600_000, max_retries=3, downloads=True)
