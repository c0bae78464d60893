"""Commands of the operator: workers, pauses, the schema, what this machine has, and whether it is well."""

import getpass
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from scriptjobs.chromium import find_chromium
from scriptjobs.cli.border import run, say
from scriptjobs.cli.client import parse_job_id
from scriptjobs.cli.health import check_health
from scriptjobs.cli.output import AsJson, console, show, show_json, show_rows
from scriptjobs.database import is_way_down
from scriptjobs.embedded import find_binaries
from scriptjobs.errors import RequestRefused, ScriptJobsError
from scriptjobs.installation import move_schema, opened_addresses, opened_database
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import WorkerInfo
from scriptjobs.schema import read_schema
from scriptjobs.settings import Settings
from scriptjobs.store.waiting import pause, resume, set_priority
from scriptjobs.store.workers import list_workers
from scriptjobs.values import MAX_SMALL

operating = typer.Typer()
JobScope = Annotated[str, typer.Argument(help="A job type; without it, everything.")]


@operating.command()
def workers(as_json: AsJson = False) -> None:
    """Show all workers, and what each one runs."""

    async def look() -> list[WorkerInfo]:
        async with opened_database(Settings.from_env()) as database, database.as_service() as connection:
            return await list_workers(connection)

    found = run(look())
    states = ["silent" if not one.is_alive else "stopping" if one.is_stopping else "alive" for one in found]
    both = list(zip(found, states, strict=True))
    if as_json:
        show_json([
            {"id": one.id, "host": one.host, "pid": one.pid, "version": one.version, "slots": one.slots,
             "startedAt": one.started_at, "state": state, "jobs": list(one.jobs)}
            for one, state in both
        ])  # fmt: skip
        return
    show_rows(
        ("worker", "host", "pid", "version", "slots", "since", "state", "jobs"),
        [(one.id, one.host, one.pid, one.version, one.slots, one.started_at, state, "\n".join(one.jobs))
         for one, state in both],
    )  # fmt: skip


@operating.command("pause")
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

    run(change())
    show(f"Paused: {'everything' if scope == '*' else scope}.")


@operating.command("resume")
def resume_jobs(scope: JobScope = "*") -> None:
    """Undo `pause` with the same argument."""

    async def change() -> bool:
        async with opened_database(Settings.from_env()) as database, database.as_service() as connection:
            return await resume(connection, scope)

    what = "everything" if scope == "*" else scope
    show(f"Resumed: {what}." if run(change()) else f"Not paused: {what}.")


@operating.command("priority")
def change_priority(
    job_id: str,
    priority: Annotated[int, typer.Argument(min=-MAX_SMALL, max=MAX_SMALL, help="Higher runs sooner; 0 is usual.")],
) -> None:
    """Give a waiting job any priority, beyond what the limits of roles allow."""
    job = parse_job_id(job_id)

    async def change() -> bool:
        actor = f"operator:{getpass.getuser()}"
        async with opened_database(Settings.from_env()) as database, database.as_service(actor) as connection:
            return await set_priority(connection, job, priority)

    if not run(change()):
        raise RequestRefused(f"No job {job_id} is waiting.")
    show(f"The priority of {job_id} is {priority}.")


@operating.command()
def migrate(
    revision: str = "head",
    yes: Annotated[bool, typer.Option("--yes", help="Go back, and lose what newer tables hold.")] = False,
) -> None:
    """Bring the database's schema up to date, or to a revision: `-1` goes one back, `base` removes everything."""
    if is_way_down(revision) and not yes:
        raise RequestRefused(f"Going to {revision} deletes tables with all that is in them. Repeat it with --yes.")
    show(run(move_schema(Settings.from_env(), revision)).told)


@operating.command()
def health() -> None:
    """Say whether the web process on PORT, or else the worker of this machine, is well. Exit status 1 when not."""
    try:
        show(run(check_health(Settings.from_env())))
    except ScriptJobsError as unwell:
        say(unwell.message)
        raise typer.Exit(1) from unwell


@operating.command()
def doctor() -> None:
    """Check what this machine has, and print every setting (secrets only as set or not)."""

    async def check() -> None:
        settings = Settings.from_env()
        elsewhere = "elsewhere (BROWSER_WS_ENDPOINT)" if settings.browser_ws_endpoint else None
        show(f"browser     {elsewhere or find_chromium(settings.chromium_path) or 'Playwright’s own'}")
        show(f"job types   {', '.join(JobTypes.load(settings.job_types_package).names)}")
        if settings.database_url is None:
            show(f"PostgreSQL  {find_binaries()}")
        async with opened_addresses(settings) as addresses:
            show(f"database    answers. {(await read_schema(addresses.owner)).told}")
        table = Table("setting", "value", "meaning")
        for name, field in Settings.model_fields.items():
            value = getattr(settings, name)
            is_secret = name.endswith(("_secret", "_key", "database_url", "_endpoint", "_environment"))
            shown = "set" if is_secret and value else str(value)
            table.add_row(name.upper(), escape(shown), escape(field.description or ""))
        console.print(table)

    run(check())
