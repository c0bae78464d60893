"""Entry point of a script's process: warm up, take the job from stdin, run its script, report, end."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from pydantic import BaseModel

from scriptjobs.child.browser import DEFAULT_COUNTRY, WayOut, new_page, open_browser
from scriptjobs.child.command import run_command
from scriptjobs.child.context import Pipe, RunningJob, RunningScript
from scriptjobs.child.evidence import Evidence
from scriptjobs.child.faults import to_failure
from scriptjobs.child.fence import Fence, Forbidden
from scriptjobs.child.lifeline import Lifeline
from scriptjobs.child.proxy import serve_proxy
from scriptjobs.errors import ScriptError
from scriptjobs.events import Ready, Result
from scriptjobs.job_types import JobType, JobTypes
from scriptjobs.marked_values import change_marked
from scriptjobs.storable import find_unstorable, repair_text

# Two browsers can fill two processors; accepting a job and showing one come first (bench/create.py).
NICENESS = 10
LEAVE_S = 5.0
EVIDENCE_S = 10.0
# No file may be larger than this share of the memory: where the run's folder lies in memory, it counts there.
FILE_SHARE = 4
_OOM_SCORE = Path("/proc/self/oom_score_adj")

Orders = asyncio.Queue[dict[str, Any] | None]


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
        job_types = JobTypes.load(prepare["package"])
        order = await _run_warm(pipe, job_types, prepare, orders)
        if order is not None and job_types.get(order["jobType"]).command:
            # The browser is closed by now: such a script brings its own.
            return await run_command(job_types.get(order["jobType"]), {**prepare, **order}, orders)
    except Exception as error:  # noqa: BLE001 (the border of the process: every failure becomes a report)
        pipe.send(to_failure(error))
        return 1
    return 0


async def _run_warm(pipe: Pipe, job_types: JobTypes, prepare: dict[str, Any], orders: Orders) -> dict[str, Any] | None:
    """Open the browser, wait for the job, run it if it is a script of ours. Returns the job, None when none came."""
    fence = Fence()
    direct_hosts = (urlsplit(str(prepare["portalUrl"])).netloc, *(host for kind in job_types for host in kind.hosts))
    async with serve_proxy(fence.addresses_of) as proxy, open_browser(**prepare["browser"]) as browser:
        # A browser that runs elsewhere cannot reach a proxy of ours: there, pages alone are judged.
        way_out = None if prepare["browser"]["endpoint"] else WayOut(proxy, direct_hosts)
        page = await new_page(browser, DEFAULT_COUNTRY, way_out)
        pipe.send(Ready())
        order = await orders.get()
        if order is not None and not job_types.get(order["jobType"]).command:
            result = await _run(pipe, job_types, Opened(page, fence, way_out), {**prepare, **order, "orders": orders})
            pipe.send(Result(result=result))
        return order


@dataclass(frozen=True, slots=True)
class Opened:
    """A warm page, its fence, and its way to the network (None where the browser runs elsewhere)."""

    page: Page
    fence: Fence
    way_out: WayOut | None


async def _run(pipe: Pipe, job_types: JobTypes, opened: Opened, order: dict[str, Any]) -> dict[str, Any]:
    """Run the script of the order; a crash of its page ends it at once."""
    job_type = job_types.get(order["jobType"])
    assert job_type.run is not None
    payload = job_type.payload.model_validate(order["payload"], context={"hosts": order["hosts"], "is_checked": True})
    country = str(getattr(payload, "country", DEFAULT_COUNTRY))
    page, fence = opened.page, opened.fence
    browser = page.context.browser
    assert browser is not None
    if country != DEFAULT_COUNTRY or job_type.downloads:
        page = await new_page(browser, country, opened.way_out, downloads=job_type.downloads)
    portal_url = str(getattr(payload, "admin_url", None) or order["portalUrl"]).rstrip("/")
    fence.allow(_hosts_of(job_type, portal_url, order["hosts"]))
    await fence.stand(browser)
    job = RunningJob(
        portal_url=portal_url, steps=job_type.steps, checkpoints=order.get("checkpoints", {}),
        files=order.get("files", {}),
    )  # fmt: skip
    script = RunningScript(pipe=pipe, page=page, job=job, fence=fence)
    _mask_secrets_of(order["payload"], job_type, pipe, script)
    evidence = Evidence(page.context, order["tracing"])
    await evidence.begin()
    try:
        result = await _until_done(job_type.run(script, payload), page, order["orders"])
    except Exception as error:
        async with _aside(script):
            await evidence.hand_over(script, failed=True)
        if fence.refused and isinstance(error, PlaywrightError):
            raise Forbidden(f"The portal led to {fence.refused[-1]}, which scripts may not open.") from error
        raise
    if fence.blocked:
        await script.log(f"Refused, for it leads into our own network: {', '.join(fence.blocked[:5])}", "warning")
    async with _aside(script):
        await evidence.hand_over(script, failed=False)
    return await _as_json(script, result)


async def _as_json(script: RunningScript, result: object) -> dict[str, Any]:
    """The result for the pipe. Secrets travel open on it, and are sealed before anything is stored."""
    if not isinstance(result, BaseModel):
        said = f"The script's run() returned {type(result).__name__}; it must return a Result."
        raise ScriptError(said, code="VALIDATION_ERROR")
    said = result.model_dump(mode="json", by_alias=True, context={"seal": str})
    if found := find_unstorable(said):
        await script.log(f"Not all of the result can be stored: {found[0]} {found[1]}. It was replaced.", "warning")
    return said


async def _until_done(script: Awaitable[BaseModel], page: Page, orders: Orders) -> BaseModel:
    """The script's result; a crash of the page or a word to stop ends it before."""
    crashed = asyncio.get_running_loop().create_future()

    def note_crash(_page: Page) -> None:
        if not crashed.done():
            crashed.set_result(None)

    page.on("crash", note_crash)
    running = asyncio.ensure_future(script)
    stop = asyncio.ensure_future(orders.get())
    await asyncio.wait({running, crashed, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not running.done():
        running.cancel()
        if crashed.done():
            raise ScriptError("The browser's page crashed.", code="BROWSER_CRASHED")
        # It takes the picture of where it was, and leaves; the browser is closed on our way out.
        await asyncio.wait({running}, timeout=LEAVE_S)
        raise asyncio.CancelledError
    return await running


@asynccontextmanager
async def _aside(script: RunningScript) -> AsyncGenerator[None]:
    """Give up on what takes longer or goes wrong: evidence neither holds a job nor changes how it ended."""
    try:
        async with asyncio.timeout(EVIDENCE_S):
            yield
    except Exception as error:  # noqa: BLE001 (whatever it is, the verdict stands)
        said = (
            "it took too long" if isinstance(error, TimeoutError) else repair_text(str(error) or type(error).__name__)
        )
        await script.log(f"Not all that helps to understand this try was kept: {said}", "warning")


def _mask_secrets_of(payload: dict[str, Any], job_type: JobType, pipe: Pipe, script: RunningScript) -> None:
    """Mask the payload's secrets: texts are cut here, so they are masked here first, and pictures are taken here."""

    def note(secret: str, _mark: Any, _path: str) -> str:
        pipe.redactor.add(secret)
        script.cover(secret)
        return secret

    change_marked(payload, job_type.schema, "x-secret", note)


def _hosts_of(job_type: JobType, portal_url: str, hosts: list[str]) -> list[str]:
    """Everything that the job's browser may open."""
    host = urlsplit(portal_url).hostname or ""
    shops = [f"*.{host.removeprefix('admin.')}"] if job_type.opens_shop and host.startswith("admin.") else []
    return [*hosts, *job_type.hosts, *shops]


def _bound_memory(limit_mb: int) -> None:
    """What this process and each that it starts may allocate, and write into one file; and when the machine runs out,
    the kernel takes them before it takes the worker. The run as a whole is watched from outside.
    """
    if limit_mb:
        limit = limit_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit // FILE_SHARE, limit // FILE_SHARE))
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text("800", encoding="ascii")


def run() -> int:
    """Set the process up, and run."""
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
