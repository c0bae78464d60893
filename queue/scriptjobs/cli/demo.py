"""`script-jobs demo`: the app and the sandbox portal as real processes, one real job over the API, watched live."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from scriptjobs.chromium import find_chromium
from scriptjobs.cli.client import Client, connected
from scriptjobs.cli.opening import must_be_free, next_free
from scriptjobs.cli.tokens import make_token
from scriptjobs.errors import SetupError
from scriptjobs.installation import opened_database
from scriptjobs.job_types import JobType, JobTypes
from scriptjobs.people import People
from scriptjobs.settings import Settings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
EMAIL, ORGANISATION = "demo@localhost", "Demo organisation"
# The account that the sandbox portal knows; nothing of it is secret.
PORTAL_ACCOUNT = {"email": "demo@example.com", "password": "demo-password"}
RESTAURANT = "Base Pizza Riverside"
# What stands in for the files of an example, by kind.
_MENU = "menuName,categoryName,dishName,dishPrice\nLunch,Pizza,Margherita,14.50\nLunch,Drinks,Lemonade,4\n"
SAMPLES = {"csv": ("menu.csv", _MENU)}
SANDBOX_DELAY = "0.5"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What was asked for on the command line."""

    port: int | None
    headed: bool
    job_type: str
    faults: tuple[str, ...]
    stops_after_job: bool


async def run_demo(settings: Settings, options: DemoOptions) -> int:
    """Run the demo. Returns the exit status: 0 only when the job completed.

    Raises:
        SetupError: a port is taken, or something does not start.
    """
    console = Console(stderr=False, highlight=False)
    find_chromium(settings.chromium_path, headed=options.headed)
    kind = JobTypes.load(settings.job_types_package).get(options.job_type)
    payload = _payload(kind)
    if options.port:
        must_be_free(settings.host, options.port)
    port = options.port or next_free(settings.host, settings.port)
    portal_port = next_free(settings.host, port + 1)
    address = f"http://{settings.host}:{port}"
    environment = {
        "PORTAL_URL": f"http://{settings.host}:{portal_port}", "PUBLIC_URL": address, "PORT": str(port),
        "HEADED": str(options.headed).lower(), "SANDBOX_DELAY": SANDBOX_DELAY,
    }  # fmt: skip
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    log = settings.var_dir / "demo.log"
    with (
        _serving(["--factory", "sandbox_portal:create_app"], portal_port, environment, log),
        _serving(["webapp:app"], port, environment, log),
    ):
        await _until_ready(address, log)
        await _misbehave(environment["PORTAL_URL"], options.faults)
        token, link = await _sign_up(settings)
        console.print(f"[bold]Script Jobs[/] at {address}, sandbox portal at {environment['PORTAL_URL']}")
        async with connected(address, token) as client:
            await _upload_samples(client, kind, payload)
            job = await _run_job(client, options.job_type, payload, console)
        _show(job, console)
        if not options.stops_after_job:
            console.print(f"\nSign in (works once): {address}/sign-in/{link}", soft_wrap=True)
            console.print(f"What the job did, and how the portal misbehaves: {environment['PORTAL_URL']}/_sandbox")
            console.print("Stop with Ctrl-C.")
            await _until_stopped()
    sys.stdout.write(json.dumps(job) + "\n")
    return 0 if job["status"] == "completed" else 1


def _payload(kind: JobType) -> dict[str, Any]:
    """The type's fullest example, for the sandbox's account. A job that creates its restaurant keeps the new name."""
    if not kind.examples:
        raise SetupError(f"The job type {kind.name} has no example to run.")
    creates = "address" in kind.required_fields
    return {**kind.examples[-1], **PORTAL_ACCOUNT} | ({} if creates else {"restaurantName": RESTAURANT})


async def _upload_samples(client: Client, kind: JobType, payload: dict[str, Any]) -> None:
    for field in kind.files_of(payload):
        answer = await client.call("POST", "/api/files", files={"file": SAMPLES[field.kind]})
        payload[field.path] = answer["file"]["id"]


async def _misbehave(portal_url: str, faults: tuple[str, ...]) -> None:
    """Switch faults of the sandbox portal on.

    Raises:
        SetupError: it does not know one.
    """
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{portal_url}/_sandbox/faults", json=faults)
    if answer.is_error:
        known = "".join(f"\n  {name}: {words}" for name, words in answer.json()["known"].items())
        raise SetupError(f"The sandbox portal has no such fault. It knows:{known}")


async def _run_job(client: Client, job_type: str, payload: dict[str, Any], console: Console) -> dict[str, Any]:
    answer = await client.call(
        "POST", "/api/jobs", json={"jobType": job_type, "payload": payload, "allowDuplicate": True}
    )
    job_id = answer["job"]["jobId"]
    console.print(f"[bold]{job_id}[/] {job_type} for {payload['restaurantName']}")
    return await client.watch(job_id, console)


def _show(job: dict[str, Any], console: Console) -> None:
    if job["error"]:
        console.print(f"[red]{job['error']['code']}[/]: {job['error']['message']}")
    result: dict[str, Any] = job["result"] or {}
    details: list[dict[str, Any]] = result.get("data", {}).get("details", [])
    for row in details:
        console.print(f"    {row['name']}: {row['status']}" + (f" ({row['error']})" if row.get("error") else ""))
    if result:
        console.print(f"[bold]{result['message']}[/] {result['duration_ms'] / 1_000:.1f} s")


async def _sign_up(settings: Settings) -> tuple[str, str]:
    """A member of the demo's organisation: a bearer token and a one-time link."""
    async with opened_database(settings) as database:
        people = People(database)
        user_id, _ = await people.add(EMAIL, ORGANISATION, "admin")
        return make_token(settings, user_id), await people.make_link(EMAIL)


@contextmanager
def _serving(app: list[str], port: int, environment: dict[str, str], log: Path) -> Generator[None]:
    """A uvicorn process for the length of the block. It ends with us, however we end."""
    command = [sys.executable, "-m", "uvicorn", *app, "--port", str(port), "--no-access-log"]
    libc = ctypes.CDLL(None)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=(lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)) if sys.platform == "linux" else None,
        )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)


async def _until_ready(address: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline:
            try:
                if (await http.get(f"{address}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise SetupError(f"The app did not start within {START_TIMEOUT_S:.0f} s. Its log: {log}")


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
