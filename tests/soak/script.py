"""A script's process without a browser: it speaks the real protocol over the real pipes, in milliseconds."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from scriptjobs.child.lifeline import Lifeline
from tests.soak.journal import held
from tests.soak.odd_values import odd_noise, odd_reports


def tell(descriptor: int, **event: Any) -> None:
    os.write(descriptor, json.dumps(event).encode() + b"\n")


async def main(descriptor: int) -> int:
    orders = Lifeline().orders
    prepare = await orders.get()
    if prepare is None:
        return 0
    tell(descriptor, kind="ready")
    order = await orders.get()
    if order is None:
        return 0
    try:
        if order["jobType"] == "setup-services":
            return await supervise({**prepare, **order}, orders)
        await run(descriptor, orders, order)
    except Exception as error:  # noqa: BLE001 (as the real one: every failure becomes a report)
        from scriptjobs.child.faults import to_failure

        tell(descriptor, kind="failure", **to_failure(error).model_dump(exclude={"kind"}))
        return 1
    return 0


async def supervise(order: dict[str, Any], orders: Any) -> int:
    """Run a command as the real process does, without the browser that it has warm."""
    from scriptjobs.child.command import run_command
    from tests.soak.job_types.command import JOB_TYPE

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run_command(JOB_TYPE, order, orders)


async def run(descriptor: int, orders: Any, order: dict[str, Any]) -> None:
    payload = order["payload"]
    with held(payload["journal"], payload["name"]):
        for position, title in enumerate(("Begin", "Work"), start=1):
            tell(descriptor, kind="step", state="running", position=position, total=2, title=title)
            await work(descriptor, orders, payload, position, is_first=not order["checkpoints"])
            tell(descriptor, kind="step", state="done", position=position, total=2, title=title, duration_ms=1)
            tell(descriptor, kind="checkpoint", name=f"step:{position}", value=True, position=position)
    tell(descriptor, kind="result", result={"success": True, "message": "done", "data": {}})


async def work(descriptor: int, orders: Any, payload: dict[str, Any], position: int, *, is_first: bool) -> None:
    if position == 1:
        Path("picture.jpg").write_bytes(b"x" * 2_000)
        tell(descriptor, kind="screenshot", file="picture.jpg", position=1)
        return
    match payload["way"]:
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        case "crash" if is_first:
            os._exit(3)
        case "flaky" if is_first:
            tell(descriptor, kind="checkpoint", name="tried", value=True, position=2)
            tell(descriptor, kind="failure", code="ETIMEDOUT", message="not yet")
            await asyncio.sleep(0.01)
            os._exit(1)
        case "odd":
            say_odd_things(descriptor, random.Random(payload["name"]))
        case "bad":
            tell(descriptor, kind="failure", code="VALIDATION_ERROR", message="bad")
            os._exit(1)
        case _:
            for number in range(10):
                tell(descriptor, kind="progress", percent=50 + number, message=f"part {number}")
                tell(descriptor, kind="log", text=f"line {number}")
                await rest(orders, payload["seconds"] / 10)


def say_odd_things(descriptor: int, drawn: random.Random) -> None:
    os.write(drawn.choice((1, 2)), odd_noise(drawn)[:60_000])
    for line in odd_reports(drawn):
        os.write(descriptor, line + b"\n")


async def rest(orders: Any, seconds: float) -> None:
    """Wait, and go when asked to stop."""
    try:
        async with asyncio.timeout(seconds):
            await orders.get()
    except TimeoutError:
        return
    os._exit(143)


if __name__ == "__main__":
    try:
        status = asyncio.run(main(int(sys.argv[1])))
    except asyncio.CancelledError:
        status = 128 + signal.SIGTERM
    os._exit(status)
