"""`script-jobs`: serve, try and look after an installation. The commands that are processes; the others by subject."""

import importlib
from typing import Annotated

import typer
import uvicorn

from scriptjobs.cli.border import Commands, common, run
from scriptjobs.cli.demo import DemoOptions, run_demo
from scriptjobs.cli.jobs import jobs
from scriptjobs.cli.opening import must_be_free
from scriptjobs.cli.operating import operating
from scriptjobs.cli.people import session, token, user
from scriptjobs.cli.worker import run_worker
from scriptjobs.logs import configure_logging
from scriptjobs.settings import Settings

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.callback()(common)
app.add_typer(jobs)
app.add_typer(operating)
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(session, name="session")
Port = Annotated[int | None, typer.Option(min=0, max=65_535)]


@app.command()
def serve(host: str | None = None, port: Port = None) -> None:
    """Serve pages, API and workers (the same as `uvicorn webapp:app`)."""
    settings = Settings.from_env()
    changes = {"host": host, "port": port}
    settings = settings.model_copy(update={name: value for name, value in changes.items() if value is not None})
    must_be_free(settings.host, settings.port)
    # Found by name: the web stands above the commands, and is told where it listens, for the links that it prints.
    served = importlib.import_module("webapp.app").create_app(settings)
    # The log is set up already; uvicorn would put its plain lines in the place of ours.
    uvicorn.run(served, host=settings.host, port=settings.port, access_log=False, log_config=None)


@app.command()
def worker(
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Jobs at once; else WORKERS.")] = None,
) -> None:
    """Run jobs and serve nothing; any number of these, on any machine with the same database."""
    settings = Settings.from_env()
    configure_logging(settings)
    run(run_worker(settings, concurrency or settings.workers or 1))


@app.command()
def demo(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port of the app; without it the next free one from 8000.")
    ] = None,
    headed: Annotated[bool, typer.Option(help="Show the browser while the script works.")] = False,
    job_type: Annotated[str, typer.Option(help="The job type to run.")] = "add-item-tags",
    fault: Annotated[
        list[str] | None, typer.Option(help="How the portal misbehaves; `list` shows what it can do.")
    ] = None,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the job.")] = False,
) -> None:
    """Run a real job against the sandbox portal and watch it."""
    options = DemoOptions(
        port=port, headed=headed, job_type=job_type, faults=tuple(fault or ()), stops_after_job=exit_after
    )
    raise typer.Exit(run(run_demo(Settings.from_env(), options)))


@app.command()
def sandbox(port: Annotated[int, typer.Option(min=0, max=65_535)] = 8900, host: str = "127.0.0.1") -> None:
    """Serve the sandbox portal alone."""
    must_be_free(host, port)
    uvicorn.run("sandbox_portal:create_app", factory=True, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    app()
