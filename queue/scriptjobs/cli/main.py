"""`script-jobs`: serve, try and look after an installation."""

import getpass
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table

from scriptjobs.chromium import find_chromium
from scriptjobs.cli.client import connected
from scriptjobs.cli.demo import DemoOptions, run_demo
from scriptjobs.cli.opening import must_be_free
from scriptjobs.cli.tokens import make_token
from scriptjobs.cli.worker import run_worker
from scriptjobs.embedded import find_binaries
from scriptjobs.errors import ScriptJobsError
from scriptjobs.installation import move_schema, opened_addresses, opened_database
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import WorkerInfo
from scriptjobs.logs import configure_logging
from scriptjobs.people import People
from scriptjobs.schema import Schema, read_schema
from scriptjobs.settings import Settings
from scriptjobs.store.waiting import pause, resume
from scriptjobs.store.workers import list_workers

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
app.add_typer(user, name="user")
console = Console(highlight=False)
Answer = TypeVar("Answer")

Url = Annotated[str, typer.Option(envvar="SCRIPT_JOBS_URL", help="Address of the installation.")]
Token = Annotated[str, typer.Option(envvar="SCRIPT_JOBS_TOKEN", help="Bearer token (script-jobs token EMAIL).")]
HERE = "http://127.0.0.1:8000"


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a command; an error of ours is a sentence and exit status 2, not a stack."""
    try:
        return uvloop.run(work)
    except ScriptJobsError as error:
        sys.stderr.write(f"{error.message}\n")
        raise typer.Exit(2) from error


@app.command()
def serve(host: str | None = None, port: int | None = None) -> None:
    """Serve pages, API and workers (the same as `uvicorn webapp:app`)."""
    try:
        settings = Settings.from_env()
        where, at = host or settings.host, settings.port if port is None else port
        must_be_free(where, at)
    except ScriptJobsError as error:
        sys.stderr.write(f"{error.message}\n")
        raise typer.Exit(2) from error
    uvicorn.run("webapp:app", host=where, port=at, access_log=False)


@app.command()
def worker(
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Jobs at once; else WORKERS.")] = None,
) -> None:
    """Run jobs and serve nothing; any number of these, on any machine with the same database."""
    settings = Settings.from_env()
    configure_logging(settings)
    _run(run_worker(settings, concurrency or settings.workers or 1))


@app.command()
def workers() -> None:
    """Show all workers, and what each one runs."""

    async def look() -> list[WorkerInfo]:
        async with opened_database(Settings.from_env()) as database, database.as_service() as connection:
            return await list_workers(connection)

    table = Table("worker", "host", "pid", "version", "slots", "since", "state", "jobs")
    for found in _run(look()):
        state = "silent" if not found.is_alive else "stopping" if found.is_stopping else "alive"
        since = found.started_at.strftime("%Y-%m-%d %H:%M")
        jobs = "\n".join(found.jobs)
        table.add_row(found.id, found.host, str(found.pid), found.version, str(found.slots), since, state, jobs)
    console.print(table)


JobScope = Annotated[str, typer.Argument(help="A job type; without it, everything.")]


@app.command("pause")
def pause_jobs(
    reason: Annotated[str, typer.Option(help="Stands on every waiting job.")], scope: JobScope = "*"
) -> None:
    """Let no job of a type, or none at all, begin. Running jobs go on."""

    async def change() -> None:
        settings = Settings.from_env()
        if scope != "*":
            JobTypes.load(settings.job_types_package).get(scope)
        async with opened_database(settings) as database, database.as_service() as connection:
            await pause(connection, scope, reason=reason, paused_by=getpass.getuser())

    _run(change())
    console.print(f"Paused: {'everything' if scope == '*' else scope}.")


@app.command("resume")
def resume_jobs(scope: JobScope = "*") -> None:
    """Undo `pause` with the same argument."""

    async def change() -> bool:
        async with opened_database(Settings.from_env()) as database, database.as_service() as connection:
            return await resume(connection, scope)

    what = "everything" if scope == "*" else scope
    console.print(f"Resumed: {what}." if _run(change()) else f"Not paused: {what}.")


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port of the app; without it the next free one from 8000.")] = None,
    headed: Annotated[bool, typer.Option(help="Show the browser while the script works.")] = False,
    job_type: Annotated[str, typer.Option(help="The job type to run.")] = "add-item-tags",
    fault: Annotated[
        list[str] | None, typer.Option(help="How the portal misbehaves; any word lists what it can do.")
    ] = None,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the job.")] = False,
) -> None:
    """Run a real job against the sandbox portal and watch it."""
    options = DemoOptions(
        port=port, headed=headed, job_type=job_type, faults=tuple(fault or ()), stops_after_job=exit_after
    )
    raise typer.Exit(_run(run_demo(Settings.from_env(), options)))


@app.command()
def upload(file: Path, url: Url = HERE, token: Token = "") -> None:
    """Upload a menu or a picture and print its id, which a payload may name; problems of a menu go to stderr."""
    content = file.read_bytes()

    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.call("POST", "/api/files", files={"file": (file.name, content)})

    answer = _run(send())
    for problem in answer["preview"].get("problems", []):
        where = f"line {problem['line']}" + (f", column {problem['column']}" if problem["column"] else "")
        sys.stderr.write(f"{problem['severity']}: {where}: {problem['message']}\n")
    console.print(answer["file"]["id"])


@app.command()
def submit(
    job_type: str,
    payload: Path,
    url: Url = HERE,
    token: Token = "",
    watch_it: Annotated[bool, typer.Option("--watch")] = False,
) -> None:
    """Start a job with the payload in a JSON file (`-` for standard input)."""
    text = sys.stdin.read() if str(payload) == "-" else payload.read_text(encoding="utf-8")

    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            body = {"jobType": job_type, "payload": json.loads(text)}
            job = (await client.call("POST", "/api/jobs", json=body))["job"]
            return await client.watch(job["jobId"], console) if watch_it else job

    console.print_json(data=_run(send()))


@app.command()
def watch(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Watch a job until it ends. Exit status 0 when it completed."""

    async def look() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.watch(job_id, console)

    job = _run(look())
    console.print_json(data=job)
    raise typer.Exit(0 if job["status"] == "completed" else 1)


@app.command("list")
def list_jobs(url: Url = HERE, token: Token = "", status: str = "", limit: int = 20) -> None:
    """List jobs, newest first."""

    async def look() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.call("GET", "/api/jobs", params={"status": status, "limit": limit})

    table = Table("job", "type", "status", "created", "error")
    for job in _run(look())["jobs"]:
        error: dict[str, str] = job["error"] or {}
        table.add_row(job["jobId"], job["jobType"], job["status"], job["createdAt"], error.get("code", ""))
    console.print(table)


@app.command()
def cancel(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Cancel a waiting job."""
    _act("DELETE", f"/api/jobs/{job_id}", url, token)


@app.command()
def stop(job_id: str, url: Url = HERE, token: Token = "") -> None:
    """Ask for the end of a running job."""
    _act("POST", f"/api/jobs/{job_id}/stop", url, token)


@app.command()
def retry(
    job_id: str,
    url: Url = HERE,
    token: Token = "",
    from_start: Annotated[bool, typer.Option("--from-start", help="Forget its checkpoints.")] = False,
) -> None:
    """Start a failed, timed-out or cancelled job again, from its last checkpoint."""
    body = {"fromStep": "start" if from_start else "last"}
    _act("POST", f"/api/jobs/{job_id}/retry", url, token, body)


def _act(method: str, path: str, url: str, token: str, body: dict[str, Any] | None = None) -> None:
    async def send() -> dict[str, Any]:
        async with connected(url, token) as client:
            return await client.call(method, path, **({} if body is None else {"json": body}))

    console.print_json(data=_run(send()))


@app.command()
def migrate(revision: str = "head") -> None:
    """Bring the database's schema up to date, or up to a revision; `-1` goes one back, `base` removes everything."""

    async def move() -> Schema:
        return await move_schema(Settings.from_env(), revision)

    console.print(_run(move()).told, soft_wrap=True)


@user.command("add")
def add_user(
    email: str,
    organisation: Annotated[str, typer.Option(help="Name of the organisation; made when missing.")],
    role: Annotated[str, typer.Option(help="admin, staff or viewer")] = "staff",
    password: Annotated[bool, typer.Option("--password", help="Ask for a password as well.")] = False,
) -> None:
    """Make a person a member of an organisation, and print a one-time sign-in link."""
    if role not in {"admin", "staff", "viewer"}:
        raise typer.BadParameter("must be admin, staff or viewer", param_hint="--role")
    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None

    async def add() -> None:
        settings = Settings.from_env()
        async with opened_database(settings) as database:
            people = People(database)
            user_id, organisation_id = await people.add(email, organisation, role)
            if secret:
                await people.set_password(email, secret)
            link = await people.make_link(email)
        console.print(f"user         {user_id}\norganisation {organisation_id}")
        console.print(f"sign in      {settings.address}/sign-in/{link}", soft_wrap=True)

    _run(add())


@app.command()
def token(email: str, hours: Annotated[int, typer.Option(min=1, max=720)] = 1) -> None:
    """Print a bearer token for the API."""

    async def make() -> str:
        settings = Settings.from_env()
        async with opened_database(settings) as database:
            user_id = await People(database).find_user(email)
        return make_token(settings, user_id, valid_s=hours * 3_600)

    sys.stdout.write(_run(make()) + "\n")


@app.command()
def sandbox(port: int = 8900, host: str = "127.0.0.1") -> None:
    """Serve the sandbox portal alone."""
    try:
        must_be_free(host, port)
    except ScriptJobsError as error:
        sys.stderr.write(f"{error.message}\n")
        raise typer.Exit(2) from error
    uvicorn.run("sandbox_portal:create_app", factory=True, host=host, port=port, log_level="warning")


@app.command()
def doctor() -> None:
    """Check what this machine has, and print every setting (secrets only as set or not)."""

    async def check() -> None:
        settings = Settings.from_env()
        elsewhere = "elsewhere (BROWSER_WS_ENDPOINT)" if settings.browser_ws_endpoint else None
        console.print(f"browser     {elsewhere or find_chromium(settings.chromium_path) or 'Playwright’s own'}")
        console.print(f"job types   {', '.join(JobTypes.load(settings.job_types_package).names)}")
        if settings.database_url is None:
            console.print(f"PostgreSQL  {find_binaries()}")
        async with opened_addresses(settings) as addresses:
            console.print(f"database    answers. {(await read_schema(addresses.owner)).told}", soft_wrap=True)
        table = Table("setting", "value", "meaning")
        for name, field in Settings.model_fields.items():
            value = getattr(settings, name)
            is_secret = name.endswith(("_secret", "_key", "database_url", "_endpoint", "_environment"))
            table.add_row(name.upper(), "set" if is_secret and value else str(value), field.description)
        console.print(table)

    _run(check())


if __name__ == "__main__":
    app()
