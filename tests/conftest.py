"""Fixtures: a real PostgreSQL with a migrated template, real processes of app and sandbox portal, a real browser."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest

from scriptjobs.database import Database, connect, migrate
from scriptjobs.embedded import EmbeddedPostgres
from scriptjobs.schema import admit, ensure_login
from tests.processes import APP, Portal, Site, as_app, start_portal, start_site, wait_for

TEMPLATE = "template_for_tests"
# Folders with long tests, longest first: they begin first, so that all processes of a run end at about the same time.
LONG = ("scripts", "faults", "pages", "api")
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones in front."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def scratch() -> Generator[Path]:
    """A folder that every user can reach: the embedded server runs as `nobody` when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="script-jobs-tests-"))
    folder.chmod(0o755)
    yield folder
    if not os.environ.get("KEEP_SCRATCH"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(scratch: Path) -> Generator[str]:
    """The address of the tests' own PostgreSQL."""
    # What a test wrote need not survive a power cut.
    postgres = EmbeddedPostgres(var_dir=scratch / "postgres", options=("fsync=off", "full_page_writes=off"))
    yield postgres.start()
    postgres.stop()


def named(dsn: str, database: str) -> str:
    return dsn.replace("/postgres?", f"/{database}?")


async def run_on(dsn: str, *statements: str) -> None:
    connection = await connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template(server: str) -> str:
    async def make() -> None:
        await run_on(server, f"create database {TEMPLATE}")
        await migrate(named(server, TEMPLATE))
        await ensure_login(server, *APP)
        await admit(named(server, TEMPLATE), as_app(named(server, TEMPLATE)))

    wait_for(make())
    return TEMPLATE


@pytest.fixture(scope="session")
def new_database(server: str, template: str) -> Callable[[], str]:
    """Makes clones of the migrated template."""

    def clone() -> str:
        name = f"clone_{next(_numbers)}"
        wait_for(run_on(server, f"create database {name} template {template}"))
        return named(server, name)

    return clone


@pytest.fixture
def dsn(server: str, new_database: Callable[[], str]) -> Generator[str]:
    made = new_database()
    yield made
    name = made.split("?")[0].rsplit("/", 1)[-1]
    wait_for(run_on(server, f"drop database {name} with (force)"))


@pytest.fixture
async def database(dsn: str) -> AsyncGenerator[Database]:
    opened = Database(dsn)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def portal(scratch: Path) -> Generator[Portal]:
    with start_portal(scratch) as started:
        yield started


@pytest.fixture
def clean_portal(portal: Portal) -> Generator[Portal]:
    portal.reset()
    yield portal
    portal.reset()


@pytest.fixture(scope="session")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    """One running installation for the tests of API and pages."""
    with start_site(scratch, new_database(), portal) as started:
        yield started


@pytest.fixture
def own_site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Callable[..., Site]]:
    """Starts further installations with settings of their own; all are ended after the test."""
    opened: list[Site] = []

    def start(dsn: str | None = None, **settings: str) -> Site:
        started = start_site(scratch, dsn or new_database(), portal, settings)
        opened.append(started.__enter__())
        return opened[-1]

    yield start
    for started in opened:
        started.__exit__(None, None, None)
