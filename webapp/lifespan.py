"""The lifespan: opens database, listener, live pages, worker; closes in reverse; hears the stop signal."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette

from scriptjobs.access import Access
from scriptjobs.errors import PartDied, SetupError
from scriptjobs.files import Files
from scriptjobs.installation import Installation, opened_installation
from scriptjobs.listener import Listener
from scriptjobs.people import People
from scriptjobs.sealing import read_or_make
from scriptjobs.service import ScriptJobService
from scriptjobs.settings import Settings
from scriptjobs.stopping import end_at_once, hear_stop_signals
from scriptjobs.supervision import keep_running
from scriptjobs.worker.opening import build_worker
from scriptjobs.worker.worker import Worker
from webapp.auth.browsers import KnownBrowsers
from webapp.auth.guesses import Guesses
from webapp.auth.sessions import Sessions
from webapp.auth.tokens import Tokens
from webapp.limits import Limits
from webapp.listening import listening_port, wait_until_listening
from webapp.live import Live
from webapp.streams import StreamSlots
from webapp.wakeups import Wakeups
from webapp.website import Site

FIRST_EMAIL = "admin@localhost"
FIRST_ORGANISATION = "My organisation"

log = structlog.get_logger()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """Open everything that requests need. A start that fails half-way closes what it had opened. When a part has died
    for good, the process ends with status 1 after everything was closed.
    """
    settings: Settings = app.state.settings
    os.umask(0o077)  # what this process writes is for its user alone
    stopping, parts = asyncio.Event(), _Parts()
    workers: list[Worker] = []

    def stop() -> None:
        """Streams say goodbye and workers stop claiming at once, where the server's own handlers would wait for open
        streams before the lifespan hears of it. The second signal makes them hurry.
        """
        for worker in workers:
            (worker.hurry if stopping.is_set() else worker.stop_processing)()
        stopping.set()

    with hear_stop_signals(stop, settings.grace_seconds, passes_on=True):
        try:
            async with AsyncExitStack() as stack:
                opened = await _open(settings, stack)
                await _start_parts(app, opened, stopping, stack, parts, workers)
                yield
                stopping.set()
        except PartDied as error:  # the embedded server
            parts.note_death(error)
    if parts.has_died:
        end_at_once()


async def _start_parts(
    app: Starlette,
    opened: Installation,
    stopping: asyncio.Event,
    stack: AsyncExitStack,
    parts: "_Parts",
    workers: list[Worker],
) -> None:
    """Start what runs beside the requests: listener, first link, worker."""
    settings = opened.settings
    listener = Listener(settings.listen_database_url or opened.database.dsn)
    await stack.enter_async_context(parts.running(keep_running("listener", listener.run)))
    site = _build_site(opened, listener, stopping)
    app.state.site, app.state.live = site, Live(site.service, site.wakeups)
    if link := await _greet_first_user(site.people):
        await stack.enter_async_context(parts.running(_show_link(settings, link)))
    if settings.workers:
        worker = build_worker(opened, settings.workers, listener)
        workers.append(worker)
        await stack.enter_async_context(parts.running(_work(worker), worker.stop_processing))


async def _work(worker: Worker) -> None:
    """Run a worker once the server listens: one that cannot bind its port must not have claimed a job."""
    listens = asyncio.create_task(wait_until_listening())
    stops = asyncio.create_task(worker.wait_for_stop())
    await asyncio.wait({listens, stops}, return_when=asyncio.FIRST_COMPLETED)
    listens.cancel()
    stops.cancel()
    if not worker.is_stopping:
        await worker.run()


async def _open(settings: Settings, stack: AsyncExitStack) -> Installation:
    """Open the installation. One that cannot start says why in one line, and the process ends with status 3, as the
    server's own does when it cannot start; the server itself would print a stack.
    """
    try:
        return await stack.enter_async_context(opened_installation(settings, migrates=settings.migrate_at_start))
    except SetupError as error:
        log.critical("not_started", reason=error.message)
        end_at_once(3)


def _build_site(opened: Installation, listener: Listener, stopping: asyncio.Event) -> Site:
    settings, database = opened.settings, opened.database
    browser_key = read_or_make(settings.var_dir / "session.key", _new_key)
    access, is_secure = Access(database), settings.address.startswith("https://")
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
        access=access,
        sessions=Sessions(access, is_secure=is_secure),
        browsers=KnownBrowsers(browser_key, is_secure=is_secure),
        guesses=Guesses(),
        limits=Limits(settings.rate_limits),
        wakeups=Wakeups(listener),
        streams=StreamSlots(),
        stopping=stopping,
    )


class _Parts:
    """What runs beside the requests. When one dies for good the process ends, so that its supervisor starts it anew."""

    def __init__(self) -> None:
        self.has_died = False

    @asynccontextmanager
    async def running(
        self, work: Coroutine[Any, Any, None], stop: Callable[[], None] | None = None
    ) -> AsyncGenerator[None]:
        """Run a part while this context is open. `stop` lets it end by itself; without it, it is cancelled."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._watch)
        try:
            yield
        finally:
            if stop:
                stop()
            else:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _watch(self, done: asyncio.Task[None]) -> None:
        if not done.cancelled() and (error := done.exception()):
            self.note_death(error)
            signal.raise_signal(signal.SIGTERM)

    def note_death(self, error: BaseException) -> None:
        """Note that a part has died for good."""
        log.critical("part_died", reason=str(error), exc_info=error)
        self.has_died = True


async def _greet_first_user(people: People) -> str:
    """On the first start, make somebody who can sign in. Returns the token of a link for them where a terminal can show
    it; it goes nowhere where it is kept.
    """
    if await people.has_members():
        return ""
    await people.add(FIRST_EMAIL, FIRST_ORGANISATION, "admin")
    if sys.stderr.isatty():
        return await people.make_link(FIRST_EMAIL)
    command = f'script-jobs user add YOUR-ADDRESS --organisation "{FIRST_ORGANISATION}" --role admin'
    log.info("nobody_can_sign_in_yet", hint=f"{command} prints a sign-in link")
    return ""


async def _show_link(settings: Settings, token: str) -> None:
    """Show the first link when the server listens: its port may have been chosen on uvicorn's own command line."""
    await wait_until_listening()
    address = settings.public_url or settings.address_at(listening_port(settings.port))
    sys.stderr.write(f"\n  First sign-in (works once, for a day): {address.rstrip('/')}/sign-in/{token}\n\n")


def _new_key() -> str:
    return secrets.token_urlsafe(48)
