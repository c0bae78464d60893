"""`script-jobs demo`: the app and the sandbox portal as real processes, one real job over the API, watched live."""

import asyncio
import importlib
import io
import json
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from rich.console import Console

from scriptjobs.access import Access
from scriptjobs.chromium import find_chromium, must_be_a_browser
from scriptjobs.cli.client import Client, connected
from scriptjobs.cli.opening import must_be_free, next_free
from scriptjobs.cli.serving import Server, serving, until_ready, while_they_live
from scriptjobs.cli.tokens import issue_token
from scriptjobs.embedded import make_var_dir
from scriptjobs.errors import SetupError
from scriptjobs.installation import opened_database
from scriptjobs.job_types import JobType, JobTypes
from scriptjobs.marked_values import change_marked
from scriptjobs.people import People
from scriptjobs.settings import Settings

# Bytes: an embedded server, and some pictures.
ROOM_NEEDED = 200_000_000
EMAIL, ORGANISATION = "demo@localhost", "Demo organisation"
# The account that the sandbox portal knows; nothing of it is secret.
PORTAL_ACCOUNT = {"email": "demo@example.com", "password": "demo-password"}
RESTAURANT = "Base Pizza Riverside"
# Who has all of these is signed in to the portal.
_PORTAL_FIELDS = {"email", "password", "restaurantName", "adminUrl"}
_MENU = b"menuName,categoryName,dishName,dishPrice\nLunch,Pizza,Margherita,14.50\nLunch,Drinks,Lemonade,4\n"
_LIST = "list"
SANDBOX_DELAY = "0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What was asked for on the command line."""

    port: int | None
    headed: bool
    job_type: str
    faults: tuple[str, ...]
    stops_after_job: bool


@dataclass(frozen=True, slots=True)
class _Demo:
    """One run of the demo: what was asked for, what is run, and where."""

    settings: Settings
    options: DemoOptions
    kind: JobType
    payload: dict[str, Any]
    site: Server
    sandbox: Server


async def run_demo(settings: Settings, options: DemoOptions) -> int:
    """Run the demo. Returns the exit status: 0 when the job completed, or the faults were only asked for.

    Raises:
        SetupError: a port is taken, a fault is not known, something does not start, or it ends too early.
    """
    console = Console(stderr=False, highlight=False)
    if _LIST in options.faults:
        console.print(_known_faults(), markup=False, soft_wrap=True)
        return 0
    _must_be_known(options.faults)
    must_be_a_browser(find_chromium(settings.chromium_path, headed=options.headed))
    kind = JobTypes.load(settings.job_types_package).get(options.job_type)
    payload = _payload(kind)
    log = _make_log(settings)
    app, portal = _addresses(settings, options.port)
    environment = {
        "PORTAL_URL": portal, "PUBLIC_URL": app, "PORT": app.rsplit(":", 1)[1],
        "HEADED": str(options.headed).lower(), "SANDBOX_DELAY": SANDBOX_DELAY,
    }  # fmt: skip
    console.print("Starting the app and the sandbox portal …")
    with (
        serving("The sandbox portal", ["--factory", "sandbox_portal:create_app"], portal, environment, log) as sandbox,
        serving("The app", ["webapp:app"], app, environment, log) as site,
    ):
        work = _show_all(_Demo(settings, options, kind, payload, site, sandbox), console)
        job = await while_they_live([sandbox, site], work)
    sys.stdout.write(json.dumps(job) + "\n")
    return 0 if job["status"] == "completed" else 1


async def _show_all(demo: _Demo, console: Console) -> dict[str, Any]:
    """Run the job, show it, and serve on where that was asked for. Returns the job."""
    site, sandbox = demo.site, demo.sandbox
    await until_ready(sandbox, "/_sandbox", console)
    await until_ready(site, "/readyz", console)
    await _misbehave(sandbox.address, demo.options.faults)
    token, link = await _sign_up(demo.settings)
    console.print(f"[bold]Script Jobs[/] at {site.address}, sandbox portal at {sandbox.address}")
    async with connected(site.address, token) as client:
        await _upload_samples(client, demo.kind, demo.payload)
        job = await _run_job(client, demo.kind.name, demo.payload, console)
    _show(job, console)
    if not demo.options.stops_after_job:
        console.print(f"\nSign in (works once): {site.address}/sign-in/{link}", soft_wrap=True)
        console.print(f"What the job did, and how the portal misbehaves: {sandbox.address}/_sandbox")
        console.print("Stop with Ctrl-C.")
        await _until_stopped()
    return job


def _addresses(settings: Settings, port: int | None) -> tuple[str, str]:
    """Where the app and the sandbox portal will listen."""
    if port:
        must_be_free(settings.host, port)
    port = port or next_free(settings.host, settings.port)
    return f"http://{settings.host}:{port}", f"http://{settings.host}:{next_free(settings.host, port + 1)}"


def _make_log(settings: Settings) -> Path:
    """The file that both processes write to. Raises SetupError when there is no room for a demo."""
    log = settings.var_dir / "demo.log"
    try:
        make_var_dir(settings.var_dir)
        free = shutil.disk_usage(settings.var_dir).free
        log.touch(mode=0o600)
        log.chmod(0o600)
    except OSError as error:
        raise SetupError(
            f"The folder {settings.var_dir} (VAR_DIR) cannot be used: {error.strerror or error}."
        ) from error
    if free < ROOM_NEEDED:
        said = f"{free // 1_000_000} MB are free where {settings.var_dir.resolve()} lies"
        raise SetupError(f"{said}; the demo needs {ROOM_NEEDED // 1_000_000}. Make room, or set VAR_DIR.")
    return log


def _payload(kind: JobType) -> dict[str, Any]:
    """The type's fullest example. One for the portal gets the sandbox's account and one of its restaurants; a job that
    creates its restaurant keeps the new name.
    """
    if not kind.examples:
        raise SetupError(f"The job type {kind.name} has no example to run.")
    payload = dict(kind.examples[-1])
    if not set(kind.schema.get("properties", {})) >= _PORTAL_FIELDS:
        return payload
    creates = "address" in kind.required_fields
    return {**payload, **PORTAL_ACCOUNT} | ({} if creates else {"restaurantName": RESTAURANT})


async def _upload_samples(client: Client, kind: JobType, payload: dict[str, Any]) -> None:
    ids: dict[str, str] = {}
    for field in kind.files_of(payload):
        answer = await client.call("POST", "/api/files", files={"file": _sample(field.kind)})
        ids[field.path] = answer["file"]["id"]
    payload.update(change_marked(payload, kind.schema, "x-file", lambda id_, _kind, path: ids.get(path, id_)))


def _sample(kind: str) -> tuple[str, bytes]:
    """What stands in for a file of an example: its name and its content."""
    if kind == "csv":
        return "menu.csv", _MENU
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "#b400fa").save(picture, "PNG")
    return "picture.png", picture.getvalue()


def _known_faults() -> str:
    return "\n".join(f"  {name}: {words}" for name, words in _faults().items())


def _must_be_known(faults: tuple[str, ...]) -> None:
    if unknown := set(faults) - set(_faults()):
        said = ", ".join(sorted(unknown))
        raise SetupError(f"The sandbox portal has no fault named {said}. It knows:\n{_known_faults()}")


def _faults() -> dict[str, str]:
    """Names of the sandbox portal's faults, each in words. Like a job type, the portal is found by name."""
    return importlib.import_module("sandbox_portal.faults").FAULTS


async def _misbehave(portal_url: str, faults: tuple[str, ...]) -> None:
    """Switch faults of the sandbox portal on."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        (await http.post(f"{portal_url}/_sandbox/faults", json=faults)).raise_for_status()


async def _run_job(client: Client, job_type: str, payload: dict[str, Any], console: Console) -> dict[str, Any]:
    answer = await client.call(
        "POST", "/api/jobs", json={"jobType": job_type, "payload": payload, "allowDuplicate": True}
    )
    job_id = answer["job"]["jobId"]
    place = f" for {payload['restaurantName']}" if "restaurantName" in payload else ""
    console.print(f"[bold]{job_id}[/] {job_type}{place}")
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
        token = await issue_token(Access(database), settings, user_id, name="demo", valid_s=3_600)
        return token, await people.make_link(EMAIL)


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
