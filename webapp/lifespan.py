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

from scriptjobs.errors import SetupError
from scriptjobs.files import Files
from scriptjobs.installation import Installation, opened_installation
from scriptjobs.listener import Listener
from scriptjobs.people import People
from scriptjobs.sealing import read_or_make
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
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        opened = await _open(settings, stack)
        listener = Listener(settings.listen_database_url or opened.database.dsn)
        await stack.enter_async_context(_in_background("listener", listener.run()))
        site = _build_site(opened, listener, stopping)
        app.state.site, app.state.live = site, Live(site.service, site.wakeups)
        await _greet_first_user(settings, site.people)
        workers = [build_worker(opened, settings.workers, listener)] if settings.workers else []
        for worker in workers:
            await stack.enter_async_context(_in_background("worker", worker.run(), stop=worker.stop_processing))
        with _hear_stop_signal(stopping, workers):
            yield
        stopping.set()


async def _open(settings: Settings, stack: AsyncExitStack) -> Installation:
    """Open the installation. One that cannot start says why in one line, and the process ends with status 3, as the
    server's own does when it cannot start; the server itself would print a stack.
    """
    try:
        return await stack.enter_async_context(opened_installation(settings, migrates=settings.migrate_at_start))
    except SetupError as error:
        log.critical("not_started", reason=error.message)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(3)


def _build_site(opened: Installation, listener: Listener, stopping: asyncio.Event) -> Site:
    settings, database = opened.settings, opened.database
    session_key = read_or_make(settings.var_dir / "session.key", _new_key)
    token_secret = settings.jwt_secret or read_or_make(settings.var_dir / "jwt.key", _new_key)
    return Site(
        settings=settings,
        service=ScriptJobService(
            database=database,
            job_types=opened.job_types,
            vault=opened.vault,
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
    """On the first start, make somebody who can sign in, and print the link (never into the log)."""
    if await people.has_members():
        return
    await people.add(FIRST_EMAIL, FIRST_ORGANISATION, "admin")
    token = await people.make_link(FIRST_EMAIL)
    sys.stderr.write(f"\n  First sign-in (works once, for a day): {settings.address}/sign-in/{token}\n\n")


def _new_key() -> str:
    return secrets.token_urlsafe(48)
