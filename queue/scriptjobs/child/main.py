"""Entry point of a script's process: warm up, take the job from stdin, run its script, report, end."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from scriptjobs.child.browser import DEFAULT_COUNTRY, new_context, open_browser
from scriptjobs.child.context import Pipe, RunningScript
from scriptjobs.child.faults import to_failure
from scriptjobs.child.lifeline import Lifeline, die_with_parent
from scriptjobs.errors import ScriptError
from scriptjobs.events import Ready, Result
from scriptjobs.job_types import JobTypes

# Two browsers can fill two processors; accepting a job and showing one come first (bench/create.py).
NICENESS = 10
LEAVE_S = 5.0
_OOM_SCORE = Path("/proc/self/oom_score_adj")


async def main(pipe: Pipe) -> int:
    """Warm up, wait for the job and run it. Returns the exit status."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    orders = Lifeline().orders
    prepare = await orders.get()
    if prepare is None:
        return 0
    _bound_memory(prepare["memoryMb"])
    try:
        async with open_browser(**prepare["browser"]) as browser:
            page = await (await new_context(browser, DEFAULT_COUNTRY)).new_page()
            job_types = JobTypes.load(prepare["package"])
            pipe.send(Ready())
            order = await orders.get()
            if order is None:
                return 0
            result = await _run(pipe, job_types, browser, page, {**prepare, **order, "orders": orders})
            pipe.send(Result(result=result))
    except Exception as error:  # noqa: BLE001 (the border of the process: every failure becomes a report)
        pipe.send(to_failure(error))
        return 1
    return 0


async def _run(pipe: Pipe, job_types: JobTypes, browser: Browser, page: Page, order: dict[str, Any]) -> dict[str, Any]:
    """Run the script of the order; a crash of its page ends it at once."""
    job_type = job_types.get(order["jobType"])
    payload = job_type.payload.model_validate(order["payload"], context={"hosts": order["hosts"]})
    country = str(getattr(payload, "country", DEFAULT_COUNTRY))
    if country != DEFAULT_COUNTRY:
        page = await (await new_context(browser, country)).new_page()
    script = RunningScript(
        pipe=pipe,
        page=page,
        portal_url=str(getattr(payload, "admin_url", None) or order["portalUrl"]).rstrip("/"),
        steps=job_type.steps,
        checkpoints=order.get("checkpoints", {}),
    )
    crashed = asyncio.get_running_loop().create_future()

    def note_crash(_page: Page) -> None:
        if not crashed.done():
            crashed.set_result(None)

    page.on("crash", note_crash)
    running = asyncio.ensure_future(job_type.run(script, payload))
    stop = asyncio.ensure_future(order["orders"].get())
    await asyncio.wait({running, crashed, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not running.done():
        running.cancel()
        if crashed.done():
            raise ScriptError("The browser's page crashed.", code="BROWSER_CRASHED")
        # It takes the picture of where it was, and leaves; the browser is closed on our way out.
        await asyncio.wait({running}, timeout=LEAVE_S)
        raise asyncio.CancelledError
    return (await running).model_dump(mode="json", by_alias=True)


def _bound_memory(limit_mb: int) -> None:
    """What this process and each that it starts may allocate; and when the machine runs out, the kernel takes them
    before it takes the worker. The run as a whole is watched from outside.
    """
    if limit_mb:
        limit = limit_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text("800", encoding="ascii")


def run() -> int:
    """Set the process up, and run."""
    die_with_parent()
    os.nice(NICENESS)
    try:
        return asyncio.run(main(Pipe(int(sys.argv[1]))))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


if __name__ == "__main__":
    status = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # the threads of the lifeline never end by themselves
