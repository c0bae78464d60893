"""Errors as they come, with a secret in each, logged by every road there is: run by test_logs.py, which reads the log."""

import asyncio
import logging
import os
import sys
import warnings

import asyncpg
import structlog
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from scriptjobs.database import Database, connect
from scriptjobs.logs import configure_logging
from scriptjobs.settings import Settings

CANARY = "kanarienvogel"
EMAIL = f"{CANARY}@example.com"
SEALED = f"gAAAAABm{CANARY}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJ{CANARY}.c2lnbmF0dXJl{CANARY}"

STATEMENTS = [
    ("insert into public.script_jobs (job_type, input_payload) values (cast(:secret as public.script_job_type), '{}')"),
    ("select cast(:secret as uuid)"),
    ("select cast(:secret as int)"),
    ("select cast(:secret as jsonb)"),
    ("select 1 / (length(:secret) - length(:secret))"),
    ("insert into public.organisations (id, name) values ('00000000-0000-0000-0000-000000000001', :secret)"),
    ("insert into public.organisations (id, name) values ('00000000-0000-0000-0000-000000000001', :secret)"),
    ("insert into public.script_jobs (job_type, status, input_payload, error_message, progress_percent) "
     "values ('add-item-tags', 'pending', jsonb_build_object('password', cast(:secret as text)), cast(:secret as text), 900)"),
]  # fmt: skip


class Form(BaseModel):
    password: str = Field(max_length=3)


async def database_errors() -> list[Exception]:
    database = Database(os.environ["DATABASE_URL"], pool_size=1)
    found: list[Exception] = []
    for statement in STATEMENTS:
        try:
            async with database.as_service() as connection:
                await connection.execute(text(statement), {"secret": CANARY})
        except SQLAlchemyError as error:
            found.append(error)
    await database.close()
    connection = await connect(os.environ["DATABASE_URL"])
    try:
        await connection.fetchval("select $1::int", CANARY)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        found.append(error)
    await connection.close()
    return found


def other_errors() -> list[Exception]:
    found: list[Exception] = []
    try:
        Form.model_validate({"password": CANARY})
    except ValueError as error:
        found.append(error)
    return [
        *found,
        ValueError(f"postgresql://postgres:{CANARY}@db.example/postgres does not answer"),
        RuntimeError(f"POST https://x/sign-in/{CANARY} failed"),
        RuntimeError(f"Authorization: Bearer {CANARY}"),
        RuntimeError(
            f"X-Api-Key: {CANARY}, api-key={CANARY}, pwd={CANARY}, passphrase: {CANARY}, private_key={CANARY}"
        ),
        RuntimeError(f"Cookie: a=1; sessionid={CANARY}"),
        RuntimeError(f"postgresql://postgres:p@{CANARY}@db.example/postgres"),
        RuntimeError(f"DETAIL:  Failing row contains (1, a\nb {CANARY}, {CANARY})."),
        RuntimeError(f"sealed {SEALED}, token {JWT}, for {EMAIL}"),
        RuntimeError(f'{{"password": "{CANARY} with blanks", "apiKey": \'{CANARY}\'}} portal_password={CANARY}'),
    ]


def main() -> None:
    configure_logging(Settings.from_env())
    log = structlog.get_logger()
    errors = [*asyncio.run(database_errors()), *other_errors()]
    for error in errors:
        log.error("failed", exc_info=error)
        log.error("failed_with_text", reason=str(error), nested={"why": [repr(error)]})
        log.error("said: %s", error)
        for name in ("uvicorn.error", "sqlalchemy.engine", "asyncio", "anything.else"):
            logging.getLogger(name).error("failed: %s", error, exc_info=error)
    log.info(
        "fields",
        password=CANARY,
        payload={"a": CANARY},
        token=CANARY,
        email=CANARY,
        cookies=[CANARY],
        apiKey=CANARY,
        pwd=CANARY,
        privateKey=CANARY,
    )
    log.info("deep", what={"list": [{"secret": CANARY}, EMAIL]}, key=b"bytes " + JWT.encode())
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /sign-in/%s HTTP/1.1" 200', CANARY)
    warnings.warn(f"token={CANARY}", stacklevel=1)
    log.info("kept", jobId="JOB_20260101_000000_0123abcd", path="/api/jobs", duration=12.5)
    sys.stdout.write(str(len(errors)))


if __name__ == "__main__":
    main()
