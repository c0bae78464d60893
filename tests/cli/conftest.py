"""The command line against the shared site: in this process where that proves the same, for a process takes a second."""

import os
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from scriptjobs.cli.main import app
from tests.processes import JWT_SECRET, SECRETS_KEY, Site

Command = Callable[..., Result]


def environment(site: Site, **changes: str) -> dict[str, str]:
    """What a command needs to work on the site's installation."""
    return {
        "DATABASE_URL": site.dsn, "VAR_DIR": str(site.settings.var_dir), "JWT_SECRET": JWT_SECRET,
        "SECRETS_KEY": SECRETS_KEY,
        "SCRIPT_JOBS_URL": site.address, "SCRIPT_JOBS_TOKEN": "", "JOB_TYPES_PACKAGE": "tests.fake_scripts", **changes,
    }  # fmt: skip


@pytest.fixture
def command(site: Site) -> Command:
    """Runs a command; `token` is whose API it uses."""

    def run(*arguments: str, token: str = "", stdin: str | bytes | None = None, **changes: str) -> Result:
        settings = environment(site, SCRIPT_JOBS_TOKEN=token, **changes)
        done = CliRunner().invoke(app, list(arguments), input=stdin, env=settings)
        assert "Traceback" not in done.output
        return done

    assert "SCRIPT_JOBS_TOKEN" not in os.environ
    return run


def refused(done: Result) -> str:
    """The one sentence of a command that could not do what was asked."""
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.rstrip().endswith((".", "…", "}", "]"))
    return done.stderr.rstrip()
