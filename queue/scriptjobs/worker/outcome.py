"""Outcomes: records how an execution ended, until the database takes it, or the fence refuses it."""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.errors import DatabaseUnavailable, is_retryable
from scriptjobs.events import FAILURE_LIMIT, Failure
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob, JobStatus
from scriptjobs.outages import is_refusal
from scriptjobs.redaction import Redactor
from scriptjobs.sealing import Vault, erase
from scriptjobs.store.outcomes import (
    FailedAttempt,
    mark_job_failed,
    release_job,
    update_job_result,
    update_job_status,
)
from scriptjobs.worker.execution import Ending, Execution

RETRY_DELAY_S = 1.0
LONGEST_DELAY_S = 5.0
_CAUSES = {
    errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk is full", errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open", errno.ENOMEM: "the memory is full",
    errno.ENOENT: "a folder or program that it needs is missing",
}  # fmt: skip

Written = TypeVar("Written")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorConfig:
    """Whose executor it is, which hosts its scripts may open, how much memory each may use (0: any), and where a menu
    file on this machine may lie.
    """

    worker_id: str
    hosts: tuple[str, ...]
    memory_mb: int = 0
    csv_folder: Path | None = None


class Outcomes:
    """Writes outcomes for one executor."""

    def __init__(self, *, config: ExecutorConfig, database: Database, vault: Vault, job_types: JobTypes) -> None:
        self._config = config
        self._database = database
        self._vault = vault
        self._job_types = job_types
        self._actor = f"worker:{config.worker_id}"

    async def settle(self, execution: Execution, redactor: Redactor, last_step: str = "") -> None:
        """Record the outcome. It is tried until the database takes it or the fence refuses it; an outcome that the
        database cannot hold becomes a failure that it can.
        """
        took_ms = round((time.monotonic() - execution.started) * 1_000)
        try:
            await self._write_outcome(execution, redactor, last_step, took_ms)
        except DATABASE_ERRORS as error:
            if not is_refusal(error):
                raise
            log.exception("outcome_refused", jobId=execution.claim.job_id)
            said = "What the script reported at its end could not be stored."
            await self._settle_failure(execution, FailedAttempt(code="UNKNOWN_ERROR", message=said), took_ms)

    async def _write_outcome(self, execution: Execution, redactor: Redactor, last_step: str, took_ms: int) -> None:
        claim = execution.claim
        if execution.is_ending(Ending.LOST):
            await self.hand_back(execution)
        elif execution.is_ending(Ending.RELEASED):
            await self.persist(lambda c: release_job(c, id_=claim.id, fence=claim.fence))
            log.info("job_released", jobId=claim.job_id, attempt=claim.attempt)
        elif execution.result and (not execution.ending.done() or execution.is_ending(Ending.STOPPED)):
            # Done is done: what came to its end while it was asked to stop is complete.
            # Secrets that the script brings home are sealed first; the rest must not hold any.
            kind = self._job_types.get(claim.job_type)
            sealed = kind.change_secrets(execution.result.result, self._vault.seal_value)
            message = redactor.text(str(sealed.get("message", "")), FAILURE_LIMIT)
            result = redactor.json(sealed) | {"message": message, "duration_ms": took_ms}
            await self._complete(claim, result)
            log.info("job_completed", jobId=claim.job_id, jobType=claim.job_type, duration=took_ms, success=True)
        elif execution.is_ending(Ending.STOPPED):
            await self.persist(
                lambda c: update_job_status(c, id_=claim.id, fence=claim.fence, status=JobStatus.CANCELLED)
            )
            log.info("job_stopped", jobId=claim.job_id, jobType=claim.job_type, duration=took_ms)
        else:
            await self._settle_failure(execution, self._failed(execution, redactor, last_step), took_ms)

    async def hand_back(self, execution: Execution) -> None:
        """Give a job back that our own trouble broke off: it starts again by itself, and uses up no retry."""
        claim = execution.claim
        said = f"{execution.trouble or 'The worker lost this job.'} The job starts again by itself."
        failed = FailedAttempt(code="WORKER_DIED", message=said, retryable=True, is_ours=True, outcome="released")
        await self.persist(lambda c: mark_job_failed(c, id_=claim.id, fence=claim.fence, failed=failed))
        log.warning("job_handed_back", jobId=claim.job_id, attempt=claim.attempt, reason=execution.trouble)

    async def _complete(self, claim: ClaimedJob, result: dict[str, Any]) -> None:
        kept = self._job_types.get(claim.job_type).without_secrets(erase(claim.payload))

        async def write() -> None:
            async with self._database.in_one_statement() as connection:
                await update_job_result(
                    connection, id_=claim.id, fence=claim.fence, actor=self._actor, result=result, payload=kept
                )

        await self._until_taken(write)

    async def _settle_failure(self, execution: Execution, failed: FailedAttempt, took_ms: int) -> None:
        claim = execution.claim
        status = await self.persist(lambda c: mark_job_failed(c, id_=claim.id, fence=claim.fence, failed=failed))
        name = "job_retry_scheduled" if status is JobStatus.PENDING else "job_failed"
        log.warning(
            name, jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt, duration=took_ms, success=False,
            code=failed.code,
        )  # fmt: skip

    def _failed(self, execution: Execution, redactor: Redactor, last_step: str) -> FailedAttempt:
        where = f" Last step: {last_step}." if last_step else ""
        if execution.is_ending(Ending.TOO_LARGE):
            said = f"It used {execution.used_mb:,} MB of memory; a job may use {self._config.memory_mb:,} MB.{where}"
            return FailedAttempt(code="BROWSER_CRASHED", message=said, retryable=True)
        if execution.ending.done():
            limit = execution.claim.timeout_ms / 60_000
            return FailedAttempt(
                code="TIMEOUT", message=f"It ran longer than this job may ({limit:g} minutes).{where}", retryable=True,
                outcome="timed_out", final=JobStatus.TIMED_OUT,
            )  # fmt: skip
        failure = execution.failure or Failure(code="UNKNOWN_ERROR", message="The script gave no result.")
        told = redactor.event(failure)
        return FailedAttempt(
            code=told.code, message=told.message, stack=told.stack, retryable=is_retryable(failure.code)
        )

    async def persist(self, write: Callable[[Any], Awaitable[Written]]) -> Written:
        """Write in a transaction, again and again while the database is away."""

        async def in_transaction() -> Written:
            async with self._database.as_service(self._actor) as connection:
                return await write(connection)

        return await self._until_taken(in_transaction)

    @staticmethod
    async def _until_taken(write: Callable[[], Awaitable[Written]]) -> Written:
        """Write, again and again while the database is away; it takes it, or refuses, or the fence does."""
        delay_s = RETRY_DELAY_S
        while True:
            try:
                return await write()
            except DatabaseUnavailable as error:
                log.warning("outcome_delayed", reason=error.reason)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)


def told_trouble(error: BaseException) -> str:
    """Trouble of ours in words for people."""
    if isinstance(error, DatabaseUnavailable):
        return "The database did not answer."
    what = _CAUSES.get(getattr(error, "errno", None) or 0, "something did not answer or could not be opened")
    return f"The worker could not run this job: {what}."
