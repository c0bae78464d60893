"""A script's process without a browser: it speaks the real protocol over the real pipes, in milliseconds."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from scriptjobs.child.lifeline import Lifeline
from tests.soak.journal import held


def tell(descriptor: int, **event: Any) -> None:
    os.write(descriptor, json.dumps(event).encode() + b"\n")


async def main(descriptor: int) -> None:
    orders = Lifeline().orders
    if await orders.get() is None:
        return
    tell(descriptor, kind="ready")
    order = await orders.get()
    if order is None:
        return
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
        case "bad":
            tell(descriptor, kind="failure", code="VALIDATION_ERROR", message="bad")
            os._exit(1)
        case _:
            for number in range(10):
                tell(descriptor, kind="progress", percent=50 + number, message=f"part {number}")
                tell(descriptor, kind="log", text=f"line {number}")
                await rest(orders, payload["seconds"] / 10)


async def rest(orders: Any, seconds: float) -> None:
    """Wait, and go when asked to stop."""
    try:
        async with asyncio.timeout(seconds):
            await orders.get()
    except TimeoutError:
        return
    os._exit(143)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
    os._exit(0)
