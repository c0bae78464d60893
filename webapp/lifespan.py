"""The lifespan: opens database, listener, live pages, worker; closes in reverse; hears the stop signal."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

import structlog
from starlette.applications import Starlette

from scriptjobs.database import Database, migrate
from scriptjobs.embedded import EmbeddedPostgres
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.listener import Listener
from scriptjobs.people import People
from scriptjobs.sealing import Vault, read_or_make
from scriptjobs.service import ScriptJobService
from scriptjobs.settings import Settings
from scriptjobs.worker.opening import build_worker
from scriptjobs.worker.worker import Worker
from webapp.auth.sessions import Sessions
from webapp.auth.tokens import Tokens
from webapp.limits import Limits
from webapp.live import Live
from webapp.streams import StreamSlots
from webapp.wakeups import Wakeups
from webapp.website import Site

FIRST_EMAIL = "admin@localhost"
FIRST_ORGANISATION = "My organisation"

log = structlog.get_logger()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """Open everything that requests need. A start that fails half-way closes what it had opened."""
    settings: Settings = app.state.settings
    os.umask(0o077)  # what this process writes is for its user alone
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        database = await _open_database(settings, stack)
        listener = Listener(settings.listen_database_url or database.dsn)
        await stack.enter_async_context(_in_background("listener", listener.run()))
        site = _build_site(settings, database, listener, stopping)
        app.state.site, app.state.live = site, Live(site.service, site.wakeups)
        await _greet_first_user(settings, site.people)
        workers = [build_worker(settings, settings.workers, database, listener)] if settings.workers else []
        for worker in workers:
            await stack.enter_async_context(_in_background("worker", worker.run(), stop=worker.stop_processing))
        with _hear_stop_signal(stopping, workers):
            yield
        stopping.set()


async def _open_database(settings: Settings, stack: AsyncExitStack) -> Database:
    dsn = settings.database_url
    if dsn is None:
        server = EmbeddedPostgres(var_dir=settings.var_dir)
        # In this thread on purpose: the server is bound to the life of the thread that starts it.
        dsn = server.start()
        stack.callback(server.stop)
    await migrate(dsn)
    database = Database(dsn)
    stack.push_async_callback(database.close)
    return database


def _build_site(settings: Settings, database: Database, listener: Listener, stopping: asyncio.Event) -> Site:
    session_key = read_or_make(settings.var_dir / "session.key", _new_key)
    token_secret = settings.jwt_secret or read_or_make(settings.var_dir / "jwt.key", _new_key)
    return Site(
        settings=settings,
        service=ScriptJobService(
            database=database,
            job_types=JobTypes.load(settings.job_types_package),
            vault=Vault.load(settings.secrets_key, settings.var_dir),
            files=Files.load(settings.files_url, settings.var_dir),
            settings=settings,
        ),
        people=People(database),
        tokens=Tokens(token_secret, settings.jwt_audience, settings.jwks_url),
        sessions=Sessions(session_key, is_secure=settings.address.startswith("https://")),
        limits=Limits(settings.rate_limits),
        wakeups=Wakeups(listener),
        streams=StreamSlots(),
        stopping=stopping,
    )


@asynccontextmanager
async def _in_background(
    name: str, work: Coroutine[Any, Any, None], stop: Callable[[], None] | None = None
) -> AsyncGenerator[None]:
    """Run a part beside the requests. One that dies takes the process down, so that its supervisor starts it anew."""
    task = asyncio.create_task(work, name=name)

    def watch(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and (error := done.exception()):
            log.critical("part_died", part=name, exc_info=error)
            signal.raise_signal(signal.SIGTERM)

    task.add_done_callback(watch)
    try:
        yield
    finally:
        if stop:
            stop()
        else:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextmanager
def _hear_stop_signal(stopping: asyncio.Event, workers: list[Worker]) -> Generator[None]:
    """Stand in front of the server's own handlers, which wait for open streams before the lifespan hears of it.

    Streams say goodbye and workers stop claiming at once; the second signal makes them hurry.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop_all() -> None:
        for worker in workers:
            (worker.hurry if stopping.is_set() else worker.stop_processing)()
        stopping.set()

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop_all)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _greet_first_user(settings: Settings, people: People) -> None:
    """On the first start, make somebody who can sign in. The link goes to a terminal, and never where it is kept."""
    if await people.has_members():
        return
    await people.add(FIRST_EMAIL, FIRST_ORGANISATION, "admin")
    if sys.stderr.isatty():
        token = await people.make_link(FIRST_EMAIL)
        sys.stderr.write(f"\n  First sign-in (works once, for a day): {settings.address}/sign-in/{token}\n\n")
        return
    command = f'script-jobs user add YOUR-ADDRESS --organisation "{FIRST_ORGANISATION}" --role admin'
    log.info("nobody_can_sign_in_yet", hint=f"{command} prints a sign-in link")


def _new_key() -> str:
    return secrets.token_urlsafe(48)
