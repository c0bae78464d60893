"""Executor: one job from claim to outcome: open, start, watch, collect, record, clean, each a small step."""

import asyncio
import time
from pathlib import Path
from typing import Any

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.errors import DatabaseUnavailable, FenceLost, ScriptError, ScriptJobsError
from scriptjobs.events import Failure
from scriptjobs.files import FILE_ERRORS, Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import ClaimedJob, OpenPayload
from scriptjobs.outages import words_of
from scriptjobs.redaction import Redactor
from scriptjobs.runner.folders import trouble_with
from scriptjobs.runner.memory import wait_for_excess
from scriptjobs.runner.process import ScriptProcess
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Vault
from scriptjobs.store.outcomes import update_stop_stage
from scriptjobs.store.progress import record_pid
from scriptjobs.store.uploads import Upload, find_uploads_of_job
from scriptjobs.worker.checking import Checked, check_payload
from scriptjobs.worker.collector import collect
from scriptjobs.worker.execution import Ending, Execution
from scriptjobs.worker.outcome import ExecutorConfig, Outcomes, told_trouble
from scriptjobs.worker.recorder import Recorder

# A script that was asked to stop gets so long to close its browser and go.
STOP_GRACE_S = 10.0
STAGE_TIMEOUT_S = 2.0
HAND_OVER_LIMIT_S = 10.0
TICK_S = 1.0
# What a disk, a folder, a storage, the database or want of descriptors raise.
OUR_TROUBLE = (*FILE_ERRORS, DatabaseUnavailable)

log = structlog.get_logger()


def _is_told(error: Exception) -> bool:
    """Whether the error's own words are meant for people; others may hold what nobody should read."""
    return isinstance(error, ScriptJobsError)


class Executor:
    """Runs executions: everything that they share."""

    def __init__(
        self, *, config: ExecutorConfig, database: Database, vault: Vault, files: Files, spares: Spares,
        job_types: JobTypes,
    ) -> None:  # fmt: skip
        self._config = config
        self._database = database
        self._vault = vault
        self._outcomes = Outcomes(config=config, database=database, vault=vault, job_types=job_types)
        self._files = files
        self._spares = spares
        self._job_types = job_types
        self._actor = f"worker:{config.worker_id}"

    async def execute_job(self, execution: Execution) -> None:
        """Run a claimed job to its outcome. The job ends, is retried, handed back, or was somebody else's by then.
        Nothing is raised: one job's trouble is no other's.
        """
        claim = execution.claim
        log.info("job_started", jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt)
        try:
            await self._run_or_fail(execution)
        except FenceLost:
            log.warning("job_lost", jobId=claim.job_id, attempt=claim.attempt)
        except Exception:
            # Its lease runs out, and whoever sweeps then gives the job its next start.
            log.exception("outcome_given_up", jobId=claim.job_id, attempt=claim.attempt)

    async def _run_or_fail(self, execution: Execution) -> None:
        claim = execution.claim
        try:
            checked = await self._check(claim)
            await self._run(execution, checked, Redactor(checked.secrets, self._vault.seal_json))
        except FenceLost:
            raise
        except OUR_TROUBLE as error:
            # A folder, a disk, descriptors, a storage, the database: nothing that the job could help.
            log.warning("job_troubled", jobId=claim.job_id, attempt=claim.attempt, reason=words_of(error))
            execution.trouble, execution.could_not_start = told_trouble(error), True
            await self._outcomes.hand_back(execution)
        except ScriptError as error:  # the row was refused: it does not fit its job type
            execution.result, execution.failure = None, Failure(code=error.code, message=error.message)
            await self._outcomes.settle(execution, Redactor(()))
        except Exception as error:
            log.error("execution_failed", jobId=claim.job_id, attempt=claim.attempt, exc_info=not _is_told(error))
            said = str(error) if _is_told(error) else "Something went wrong on our side while the job ran."
            # What the database refused once is not written again.
            execution.result, execution.failure = None, Failure(code="UNKNOWN_ERROR", message=said)
            await self._outcomes.settle(execution, Redactor(()))

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
                async with asyncio.timeout(HAND_OVER_LIMIT_S):
                    await process.hand_over(self._order(execution, checked.payload, files))
                await self._watch(execution, process, recorder, writing)
                _look_for_our_trouble(execution, process)
            finally:
                # Shielded: whatever ends this task, nothing that the script started may stay.
                await asyncio.shield(self._spares.discard(process, job_id=execution.claim.job_id))
            if not execution.is_ending(Ending.LOST):
                recorder.close()
                await writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        await self._outcomes.settle(execution, redactor, recorder.last_step)

    async def _fetch_files(self, uploads: list[Upload], folder: Path) -> dict[str, str]:
        """Lay the uploaded files of the payload into the run's folder. Returns their paths by id; one that is gone is
        told by the script that asks for it.
        """
        paths: dict[str, str] = {}
        for upload in uploads:
            content = await self._files.get(upload.storage_key)
            if content is not None:
                path = folder / str(upload.id) / upload.file_name
                path.parent.mkdir()
                await asyncio.to_thread(path.write_bytes, content)
                paths[str(upload.id)] = str(path)
        return paths

    def _order(self, execution: Execution, payload: OpenPayload, files: dict[str, str]) -> dict[str, Any]:
        claim = execution.claim
        return {
            "jobType": claim.job_type,
            "payload": payload,
            "checkpoints": {name: self._vault.open_json(value) for name, value in claim.checkpoints.items()},
            "files": files,
            "hosts": list(self._config.hosts),
            "lease": execution.left_to_script_s,
        }

    async def _watch(
        self, execution: Execution, process: ScriptProcess, recorder: Recorder, writing: asyncio.Task[None]
    ) -> None:
        """Collect reports and output until the script ends, or somebody or its time ends it."""
        timer = asyncio.create_task(_end_in_time(execution))
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
            for task in (collecting, excess, timer):
                task.cancel()
            await asyncio.gather(collecting, excess, timer, return_exceptions=True)

    async def _ask_to_stop(self, execution: Execution, process: ScriptProcess, ends: set[asyncio.Task[None]]) -> None:
        """Ask, and wait for the grace; what is left then is killed by whoever discards the process."""
        claim = execution.claim
        await process.ask_to_stop()
        try:
            async with asyncio.timeout(STAGE_TIMEOUT_S):
                await self._outcomes.persist(
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
            async with asyncio.timeout(STAGE_TIMEOUT_S):  # a database that is away must not delay the watch
                await note()
        except DATABASE_ERRORS as error:  # told, and not worth failing the job for
            log.warning("pid_not_noted", jobId=execution.claim.job_id, reason=words_of(error))


async def _end_in_time(execution: Execution) -> None:
    """End a script whose time is up. What counts is time in which this process ran: a machine that stands still uses
    up nothing of it.
    """
    left_s = execution.claim.timeout_ms / 1_000
    while left_s > 0:
        began = time.monotonic()
        await asyncio.sleep(min(left_s, TICK_S))
        left_s -= min(time.monotonic() - began, 2 * TICK_S)
    execution.end_for_time()


def _look_for_our_trouble(execution: Execution, process: ScriptProcess) -> None:
    """What has ended a script without a result: its own lifeline, when the lease ran out, or the loss of its folder."""
    if execution.result or execution.is_ending(Ending.STOPPED):
        return
    if execution.has_lapsed:
        execution.lose()
    elif process.fault:
        execution.trouble = process.fault.message
        execution.end(Ending.LOST)
    elif execution.failure and (trouble := trouble_with(process.folder, execution.failure.message)):
        execution.trouble = trouble
        execution.end(Ending.LOST)
