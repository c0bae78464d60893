"""Entry point of a script's process: warm up, take the job from stdin, run its script, report, end."""

import asyncio
import os
import signal
import sys
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


async def main(pipe: Pipe) -> int:
    """Warm up, wait for the job and run it. Returns the exit status."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    orders = Lifeline().orders
    prepare = await orders.get()
    if prepare is None:
        return 0
    try:
        async with open_browser(**prepare["browser"]) as browser:
            page = await (await new_context(browser, DEFAULT_COUNTRY)).new_page()
            job_types = JobTypes.load(prepare["package"])
            pipe.send(Ready())
            order = await orders.get()
            if order is None:
                return 0
            result = await _run(pipe, job_types, browser, page, {**prepare, **order})
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
    await asyncio.wait({running, crashed}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        running.cancel()
        raise ScriptError("The browser's page crashed.", code="BROWSER_CRASHED")
    return (await running).model_dump(mode="json", by_alias=True)


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
