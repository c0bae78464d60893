"""`script-jobs health`: whether this machine's web process or worker is well, for a container's health check."""

import socket

import httpx2

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.errors import SetupError
from scriptjobs.settings import Settings
from scriptjobs.store.workers import list_workers

ANSWER_LIMIT_S = 4.0


async def check_health(settings: Settings) -> str:
    """What is well here, in a few words. A process that listens on PORT is asked; where none does, this machine runs a
    worker, which tells the database that it lives.

    Raises:
        SetupError: it is not well.
    """
    address = f"{settings.address_at(settings.port)}/readyz"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=ANSWER_LIMIT_S) as http:
            answer = await http.get(address)
    except httpx2.ConnectError:
        return await _check_worker(settings, address)
    except httpx2.TransportError as error:
        raise SetupError(f"{address} does not answer: {type(error).__name__}.") from error
    if answer.is_error:
        raise SetupError(f"{address} answers {answer.status_code}: {answer.text[:200]}")
    return f"{address} is ready."


async def _check_worker(settings: Settings, address: str) -> str:
    if settings.database_url is None:
        raise SetupError(f"Nothing listens at {address}, and without DATABASE_URL no worker can be looked for.")
    here = socket.gethostname()
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.as_service() as connection:
            workers = await list_workers(connection)
    except DATABASE_ERRORS as error:
        raise SetupError(f"Nothing listens at {address}, and the database does not answer.") from error
    finally:
        await database.close()
    if not any(worker.host == here and worker.is_alive for worker in workers):
        raise SetupError(f"Nothing listens at {address}, and no worker is running on {here}.")
    return f"A worker is running on {here}."
