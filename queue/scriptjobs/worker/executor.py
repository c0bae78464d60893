"""Executor: one job from claim to outcome: open, start, watch, collect, record, clean, each a small step."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database, is_refusal
from scriptjobs.errors import FenceLost, ScriptError, ScriptJobsError, is_retryable
from scriptjobs.events import Failure
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob, JobStatus, OpenPayload
from scriptjobs.redaction import Redactor
from scriptjobs.runner.memory import wait_for_excess
from scriptjobs.runner.process import ScriptProcess
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Vault, erase
from scriptjobs.store.outcomes import (
    FailedAttempt,
    mark_job_failed,
    release_job,
    update_job_result,
    update_job_status,
    update_stop_stage,
)
from scriptjobs.store.progress import record_pid
from scriptjobs.store.uploads import Upload, find_uploads_of_job
from scriptjobs.worker.checking import Checked, check_payload
from scriptjobs.worker.collector import collect
from scriptjobs.worker.execution import Ending, Execution
from scriptjobs.worker.recorder import Recorder

RETRY_DELAY_S = 1.0
# A script that was asked to stop gets so long to close its browser and go.
STOP_GRACE_S = 10.0
STAGE_TIMEOUT_S = 2.0

Written = TypeVar("Written")
log = structlog.get_logger()


def _is_told(error: Exception) -> bool:
    """Whether the error's own words are meant for people; others may hold what nobody should read."""
    return isinstance(error, ScriptJobsError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorConfig:
    """Whose executor it is, which hosts its scripts may open, how much memory each may use (0: any), and where a menu
    file on this machine may lie.
    """

    worker_id: str
    hosts: tuple[str, ...]
    memory_mb: int = 0
    csv_folder: Path | None = None


class Executor:
    """Runs executions: everything that they share."""

    def __init__(
        self, *, config: ExecutorConfig, database: Database, vault: Vault, files: Files, spares: Spares,
        job_types: JobTypes,
    ) -> None:  # fmt: skip
        self._config = config
        self._database = database
        self._vault = vault
        self._files = files
        self._spares = spares
        self._job_types = job_types
        self._actor = f"worker:{config.worker_id}"

    async def execute_job(self, execution: Execution) -> None:
        """Run a claimed job to its outcome. The job ends, is retried, released, or was somebody else's by then."""
        claim = execution.claim
        log.info("job_started", jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt)
        try:
            order = await self._check(claim)
            await self._run(execution, order, Redactor(order.secrets))
        except FenceLost:
            log.warning("job_lost", jobId=claim.job_id, attempt=claim.attempt)
        except ScriptError as error:
            execution.failure = Failure(code=error.code, message=error.message[:4_000])
            await self._settle(execution, Redactor(()))
        except Exception as error:
            log.error("execution_failed", jobId=claim.job_id, attempt=claim.attempt, exc_info=not _is_told(error))
            said = str(error) if _is_told(error) else "Something went wrong on our side while the job ran."
            execution.failure = Failure(code="UNKNOWN_ERROR", message=said[:4_000])
            await self._settle(execution, Redactor(()))

    async def _check(self, claim: ClaimedJob) -> Checked:
        """What the row says, checked like a request. Raises: ScriptError (VALIDATION_ERROR)."""
        kind = self._job_types.get(claim.job_type)
        checked = check_payload(claim, kind, self._vault, self._config.hosts, self._config.csv_folder)
        ids = list(checked.files)
        if ids:
            async with self._database.as_service(self._actor) as connection:
                found = await find_uploads_of_job(
                    connection, ids, job_id=claim.id, organisation_id=claim.organisation_id
                )
            checked.take(found)
        return checked

    async def _run(self, execution: Execution, checked: Checked, redactor: Redactor) -> None:
        process = execution.process = await self._spares.take()
        recorder = Recorder(
            database=self._database, files=self._files, claim=execution.claim, redactor=redactor, actor=self._actor,
            folder=process.folder,
        )  # fmt: skip
        writing = asyncio.create_task(recorder.run())
        try:
            try:
                files = await self._fetch_files(checked.uploads, process.folder)
                await process.hand_over(self._order(execution, checked.payload, files))
                await self._watch(execution, process, recorder, writing)
            finally:
                # Shielded: whatever ends this task, nothing that the script started may stay.
                await asyncio.shield(self._spares.discard(process))
            if execution.is_ending(Ending.LOST):
                raise FenceLost
            recorder.close()
            await writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        await self._settle(execution, redactor, recorder.last_step)

    async def _fetch_files(self, uploads: list[Upload], folder: Path) -> dict[str, str]:
        """Lay the uploaded files of the payload into the run's folder. Returns their paths by id; one that is gone is
        told by the script that asks for it.
        """
        paths: dict[str, str] = {}
        for upload in uploads:
            content = await self._files.get(upload.storage_key)
            if content is not None:
                path = folder / f"{upload.id}{upload.suffix}"
                await asyncio.to_thread(path.write_bytes, content)
                paths[str(upload.id)] = str(path)
        return paths

    def _order(self, execution: Execution, payload: OpenPayload, files: dict[str, str]) -> dict[str, Any]:
        claim = execution.claim
        return {
            "jobType": claim.job_type,
            "payload": payload,
            "checkpoints": claim.checkpoints,
            "files": files,
            "hosts": list(self._config.hosts),
            "lease": max(execution.leased_until - time.monotonic(), 0.1),
        }

    async def _watch(
        self, execution: Execution, process: ScriptProcess, recorder: Recorder, writing: asyncio.Task[None]
    ) -> None:
        """Collect reports and output until the script ends, or somebody or its time ends it."""
        timer = asyncio.get_running_loop().call_later(
            execution.claim.timeout_ms / 1_000, execution.end, Ending.TIMED_OUT
        )
        collecting = asyncio.create_task(
            collect(execution, process, recorder, self._job_types.get(execution.claim.job_type))
        )
        excess = asyncio.create_task(self._wait_for_excess(execution, process))
        try:
            await self._note_pid(execution, process)
            await asyncio.wait({collecting, execution.ending, writing}, return_when=asyncio.FIRST_COMPLETED)
            if execution.is_ending(Ending.STOPPED) and not collecting.done():
                await self._ask_to_stop(execution, process, {collecting, writing})
            if writing.done():
                writing.result()  # FenceLost, most likely
            if collecting.done():
                collecting.result()
        finally:
            timer.cancel()
            for task in (collecting, excess):
                task.cancel()
            await asyncio.gather(collecting, excess, return_exceptions=True)

    async def _ask_to_stop(self, execution: Execution, process: ScriptProcess, ends: set[asyncio.Task[None]]) -> None:
        """Ask, and wait for the grace; what is left then is killed by whoever discards the process."""
        claim = execution.claim
        await process.ask_to_stop()
        try:
            async with asyncio.timeout(STAGE_TIMEOUT_S):
                await self._persist(
                    lambda c: update_stop_stage(c, id_=claim.id, fence=claim.fence, stage="closing the browser")
                )
        except TimeoutError:  # the stage is told for people; a database that is away must not delay the end
            log.warning("stage_not_told", jobId=claim.job_id)
        await asyncio.wait(ends, timeout=STOP_GRACE_S, return_when=asyncio.FIRST_COMPLETED)

    async def _wait_for_excess(self, execution: Execution, process: ScriptProcess) -> None:
        if self._config.memory_mb:
            execution.used_mb = await wait_for_excess(process.folder, process.pid, self._config.memory_mb)
            execution.end(Ending.TOO_LARGE)

    async def _note_pid(self, execution: Execution, process: ScriptProcess) -> None:
        async def note() -> None:
            async with self._database.as_service(self._actor) as connection:
                await record_pid(connection, execution.claim, process.pid)

        try:
            await note()
        except DATABASE_ERRORS as error:  # told, and not worth failing the job for
            log.warning("pid_not_noted", jobId=execution.claim.job_id, reason=str(error)[:200])

    async def _settle(self, execution: Execution, redactor: Redactor, last_step: str = "") -> None:
        """Record the outcome. It is tried until the database takes it or the fence refuses it."""
        claim = execution.claim
        took_ms = round((time.monotonic() - execution.started) * 1_000)
        if execution.is_ending(Ending.RELEASED):
            await self._persist(lambda c: release_job(c, id_=claim.id, fence=claim.fence))
            log.info("job_released", jobId=claim.job_id, attempt=claim.attempt)
        elif execution.result and (not execution.ending.done() or execution.is_ending(Ending.STOPPED)):
            # Done is done: what came to its end while it was asked to stop is complete.
            # Secrets that the script brings home are sealed first; the rest must not hold any.
            kind = self._job_types.get(claim.job_type)
            sealed = kind.change_secrets(execution.result.result, self._vault.seal_value)
            result = redactor.json(sealed) | {"duration_ms": took_ms}
            await self._complete(claim, result)
            log.info("job_completed", jobId=claim.job_id, jobType=claim.job_type, duration=took_ms, success=True)
        elif execution.is_ending(Ending.STOPPED):
            await self._persist(
                lambda c: update_job_status(c, id_=claim.id, fence=claim.fence, status=JobStatus.CANCELLED)
            )
            log.info("job_stopped", jobId=claim.job_id, jobType=claim.job_type, duration=took_ms)
        else:
            await self._settle_failure(execution, self._failed(execution, redactor, last_step), took_ms)

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
        status = await self._persist(lambda c: mark_job_failed(c, id_=claim.id, fence=claim.fence, failed=failed))
        name = "job_retry_scheduled" if status is JobStatus.PENDING else "job_failed"
        log.warning(
            name, jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt, duration=took_ms, success=False,
            code=failed.code,
        )  # fmt: skip

    def _failed(self, execution: Execution, redactor: Redactor, last_step: str) -> FailedAttempt:
        where = f" Last step: {redactor.text(last_step)}." if last_step else ""
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
        return FailedAttempt(
            code=failure.code,
            message=redactor.text(failure.message),
            stack=None if failure.stack is None else redactor.text(failure.stack),
            retryable=is_retryable(failure.code),
        )

    async def _persist(self, write: Callable[[Any], Awaitable[Written]]) -> Written:
        async def in_transaction() -> Written:
            async with self._database.as_service(self._actor) as connection:
                return await write(connection)

        return await self._until_taken(in_transaction)

    @staticmethod
    async def _until_taken(write: Callable[[], Awaitable[Written]]) -> Written:
        """Write, again and again while the database is away; it takes it, or refuses, or the fence does."""
        while True:
            try:
                return await write()
            except FenceLost:
                raise
            except DATABASE_ERRORS as error:
                if is_refusal(error):
                    raise
                log.warning("outcome_delayed", reason=str(error)[:200])
                await asyncio.sleep(RETRY_DELAY_S)
