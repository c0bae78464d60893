"""Commands that use an installation over its API: upload, submit, watch, list, and what can be done to a job."""

import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from scriptjobs.cli.border import BROKEN_OFF, run, say
from scriptjobs.cli.client import connected, job_path
from scriptjobs.cli.output import AsJson, console, show, show_json, show_rows
from scriptjobs.errors import RequestRefused
from scriptjobs.service import UPLOAD_LIMIT_BYTES
from scriptjobs.storable import find_unstorable
from scriptjobs.values import read_json

jobs = typer.Typer()
HERE = "http://127.0.0.1:8000"
Url = Annotated[str, typer.Option(envvar="SCRIPT_JOBS_URL", help="Address of the installation.")]
Token = Annotated[str, typer.Option(envvar="SCRIPT_JOBS_TOKEN", help="Bearer token (script-jobs token create EMAIL).")]


@jobs.command()
def upload(file: Path, url: Url = HERE, token: Token = "") -> None:
    """Upload a menu or a picture and print its id, which a payload may name; problems of a menu go to stderr."""
    content = _read_file(file)

    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.call("POST", "/api/files", files={"file": (file.name, content)})

    answer = run(send())
    for problem in answer["preview"].get("problems", []):
        where = f"line {problem['line']}" + (f", column {problem['column']}" if problem["column"] else "")
        say(f"{problem['severity']}: {where}: {problem['message']}")
    show(answer["file"]["id"])


@jobs.command()
def submit(
    job_type: str,
    payload: Path,
    url: Url = HERE,
    token: Token = "",
    watch_it: Annotated[bool, typer.Option("--watch", help="Watch it until it ends, as `watch` does.")] = False,
) -> None:
    """Start a job with the payload in a JSON file (`-` for standard input)."""
    body = {"jobType": job_type, "payload": _read_payload(payload)}

    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            return (await client.call("POST", "/api/jobs", json=body))["job"]

    job = run(send())
    if watch_it:
        watch(job["jobId"], url, token)
    show_json(job)


@jobs.command()
def watch(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Watch a job until it ends. Exit status 0 when it completed, 1 when it did not."""

    async def look() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.watch(job_id, console)

    try:
        job = run(look())
    except KeyboardInterrupt:
        say(f"The job goes on. To watch it again: script-jobs watch {job_id}")
        raise typer.Exit(BROKEN_OFF) from None
    show_json(job)
    raise typer.Exit(0 if job["status"] == "completed" else 1)


@jobs.command("list")
def list_jobs(url: Url = HERE, token: Token = "", status: str = "", limit: int = 20, as_json: AsJson = False) -> None:
    """List jobs, newest first."""

    async def look() -> dict[str, Any]:
        async with connected(url, token) as client:
            wanted = {"limit": limit} | ({"status": status} if status else {})
            return await client.call("GET", "/api/jobs", params=wanted)

    found: list[dict[str, Any]] = run(look())["jobs"]
    if as_json:
        show_json(found)
        return
    rows = [[job[name] for name in ("jobId", "jobType", "status", "createdAt")] + [_code_of(job)] for job in found]
    show_rows(("job", "type", "status", "created", "error"), rows)


@jobs.command()
def cancel(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Cancel a waiting job."""
    _act("DELETE", job_path(job_id), url, token)


@jobs.command()
def stop(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Ask for the end of a running job."""
    _act("POST", f"{job_path(job_id)}/stop", url, token)


@jobs.command()
def retry(
    job_id: str,
    url: Url = HERE,
    token: Token = "",
    from_start: Annotated[bool, typer.Option("--from-start", help="Forget its checkpoints.")] = False,
) -> None:
    """Start a failed, timed-out or cancelled job again, from its last checkpoint."""
    _act("POST", f"{job_path(job_id)}/retry", url, token, {"fromStep": "start" if from_start else "last"})


def _code_of(job: dict[str, Any]) -> str:
    error: dict[str, Any] = job["error"] or {}
    return str(error.get("code", ""))


def _act(method: str, path: str, url: str, token: str, body: dict[str, Any] | None = None) -> None:
    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.call(method, path, **({} if body is None else {"json": body}))

    show_json(run(send()))


def _read_payload(path: Path) -> dict[str, Any]:
    name = "The standard input" if str(path) == "-" else str(path)
    content = sys.stdin.buffer.read(UPLOAD_LIMIT_BYTES + 1) if str(path) == "-" else _read_file(path)
    try:
        # Editors on Windows put a mark in front.
        payload = read_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise RequestRefused(f"{name} {error}.") from error
    if not isinstance(payload, dict):
        raise RequestRefused(f"{name} is not a JSON object: a payload is {{…}}.")
    if odd := find_unstorable(payload):
        raise RequestRefused(f"{name} cannot be sent: “{odd[0]}” {odd[1]}.")
    return cast("dict[str, Any]", payload)


def _read_file(path: Path) -> bytes:
    """Whatever the path names; a device or a huge file is read as far as anybody would take it."""
    with path.open("rb") as file:
        content = file.read(UPLOAD_LIMIT_BYTES + 1)
    if len(content) > UPLOAD_LIMIT_BYTES:
        raise RequestRefused(f"{path} is larger than {UPLOAD_LIMIT_BYTES // 1024**2} MiB.")
    return content
