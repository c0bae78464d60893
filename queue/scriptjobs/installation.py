"""One installation, opened: its database with a schema that fits, its keys, its job types. Or why it cannot start."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from scriptjobs.database import Database, migrate
from scriptjobs.embedded import APP_LOGIN, EmbeddedPostgres
from scriptjobs.errors import SetupError
from scriptjobs.job_types import JobTypes
from scriptjobs.schema import Fit, Schema, admit, ensure_login, examine, read_schema
from scriptjobs.sealing import Vault
from scriptjobs.settings import Settings
from scriptjobs.store.installation import agree_on_key, list_known_job_types

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Addresses:
    """The same database twice: as the login with which the app works, and as the owner of the schema."""

    app: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What web and workers of one installation share."""

    settings: Settings
    database: Database
    vault: Vault
    job_types: JobTypes


@asynccontextmanager
async def opened_addresses(settings: Settings) -> AsyncGenerator[Addresses]:
    """The addresses of the database; the embedded server is attached to, or started. The server is bound to the life of
    the thread that starts it, so this is called in the main thread.

    Raises:
        SetupError: there is no database, or it will not do.
        PartDied: the embedded server has died again and again.
    """
    if settings.database_url:
        addresses = Addresses(settings.database_url, settings.migration_database_url or settings.database_url)
        await examine(addresses.owner)
        yield addresses
        return
    async with _embedded(settings) as server:
        owner = server.address()
        await ensure_login(owner, APP_LOGIN, server.app_password())
        await examine(owner)
        yield Addresses(server.app_address(), owner)


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncGenerator[EmbeddedPostgres]:
    """The embedded server, started. One that dies is started again; when it dies again and again, the process ends."""
    server = EmbeddedPostgres(var_dir=settings.var_dir)
    server.start()
    watch = asyncio.create_task(server.keep_running())
    watch.add_done_callback(lambda done: done.cancelled() or signal.raise_signal(signal.SIGTERM))
    try:
        yield server
    finally:
        watch.cancel()
        server.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


@asynccontextmanager
async def opened_database(
    settings: Settings, *, pool_size: int = 2, migrates: bool = False
) -> AsyncGenerator[Database]:
    """The database of this installation. With `migrates`, its schema is brought up to date first; that of the embedded
    server always is, since nobody else would do it.

    Raises:
        SetupError: there is no database, it will not do, or its schema does not fit this code.
    """
    async with opened_addresses(settings) as addresses:
        await _see_to_schema(addresses, migrates=migrates or settings.database_url is None)
        if addresses.app != addresses.owner:
            await examine(addresses.app)
        database = Database(addresses.app, pool_size=pool_size)
        try:
            yield database
        finally:
            await database.close()


async def _see_to_schema(addresses: Addresses, *, migrates: bool) -> None:
    schema = await read_schema(addresses.owner)
    if schema.fit in (Fit.EMPTY, Fit.BEHIND):
        if not migrates:
            raise SetupError(f"{schema.told} Run: script-jobs migrate")
        await migrate(addresses.owner)
    elif schema.fit is Fit.TOO_NEW:
        raise SetupError(schema.told)
    elif schema.fit is Fit.AHEAD:
        log.warning("schema_ahead", revision=schema.revision, head=schema.head)
    if migrates and addresses.app != addresses.owner:
        await admit(addresses.owner, addresses.app)


async def move_schema(settings: Settings, revision: str) -> Schema:
    """Bring the schema to `revision`, up or down (`base` or `-N`). Returns where it stands then.

    Raises:
        SetupError: there is no such revision, or the schema has passed it already.
    """
    async with opened_addresses(settings) as addresses:
        before = await read_schema(addresses.owner)
        if before.fit in (Fit.AHEAD, Fit.TOO_NEW):
            if revision == "head" and before.fit is Fit.AHEAD:
                return before
            raise SetupError(f"{before.told} Nothing was changed.")
        if revision in before.passed:
            raise SetupError(f"{before.told} That is past {revision} already; nothing was changed.")
        await migrate(addresses.owner, revision)
        if revision in ("head", "heads") and addresses.app != addresses.owner:
            await admit(addresses.owner, addresses.app)
        return await read_schema(addresses.owner)


@asynccontextmanager
async def opened_installation(
    settings: Settings, *, pool_size: int = 10, migrates: bool = False
) -> AsyncGenerator[Installation]:
    """All that web and workers share.

    Raises:
        SetupError: see `opened_database`; or there is no key, or it is not the one that sealed what is there.
    """
    job_types = JobTypes.load(settings.job_types_package)
    # Before the database, so that a start that is refused changes nothing. An embedded one comes first, since it makes
    # VAR_DIR in a way that its own user can pass.
    vault = Vault.load(settings.secrets_key, settings.var_dir, makes_key=False) if settings.database_url else None
    async with opened_database(settings, pool_size=pool_size, migrates=migrates) as database:
        vault = vault or Vault.load(settings.secrets_key, settings.var_dir)
        async with database.as_service() as connection:
            other = await agree_on_key(connection, vault.fingerprints, vault.can_open)
            known = await list_known_job_types(connection)
        if other:
            raise SetupError(
                f"This process does not have the key that sealed the secrets in this database. Its fingerprint is "
                f"{other}; the process has {', '.join(vault.fingerprints)}. Give it the SECRETS_KEY of the others."
            )
        yield Installation(
            settings=settings, database=database, vault=vault, job_types=_only_known(job_types, known)
        )  # fmt: skip


def _only_known(job_types: JobTypes, known: list[str]) -> JobTypes:
    fitting, absent = job_types.split(known)
    if absent:
        hint = "the database has no such job type: run bin/migrate --new, then script-jobs migrate, then restart"
        log.warning("job_types_left_out", jobTypes=absent, hint=hint)
    return fitting
