"""One job from claim to outcome: open, start, watch, collect, classify, record, clean, each a small step."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, assert_never

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database, is_refusal
from scriptjobs.errors import FenceLost, ScriptError, ScriptJobsError, classify_error, is_retryable
from scriptjobs.events import Checkpoint, Event, Failure, Log, Progress, Ready, Result, Screenshot, StepChanged
from scriptjobs.files import Files
from scriptjobs.jobs import ClaimedJob, JobStatus, OpenPayload
from scriptjobs.runner.process import READ_OUT_S, ScriptProcess
from scriptjobs.runner.spares import Spares
from scriptjobs.sealing import Redactor, Vault, erase
from scriptjobs.store.outcomes import FailedAttempt, complete_job, fail_job, release_job
from scriptjobs.store.progress import record_pid
from scriptjobs.worker.recorder import Recorder

RETRY_DELAY_S = 1.0
STDERR_TAIL = 5

Written = TypeVar("Written")
log = structlog.get_logger()


class Ending(Enum):
    """Why a script is ended from outside."""

    TIMED_OUT = "timed out"
    RELEASED = "released"
    LOST = "lost"


@dataclass(slots=True, eq=False)
class Execution:
    """One job in the hands of this worker. `end()` asks for its end; what follows is the execution's own affair."""

    claim: ClaimedJob
    lease_s: float
    ending: asyncio.Future[Ending] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    process: ScriptProcess | None = None
    result: Result | None = None
    failure: Failure | None = None
    stderr: list[str] = field(default_factory=list[str])
    leased_until: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def end(self, why: Ending) -> None:
        """End the script; the first reason counts."""
        if not self.ending.done():
            self.ending.set_result(why)

    async def extend(self, until: float) -> None:
        """The lease was renewed: let the script go on `until` (monotonic seconds)."""
        self.leased_until = until
        if self.process:
            await self.process.extend(until - time.monotonic())


def _is_told(error: Exception) -> bool:
    """Whether the error's own words are meant for people; others may hold what nobody should read."""
    return isinstance(error, ScriptJobsError)


class Executor:
    """Runs executions: everything that they share."""

    def __init__(
        self, *, database: Database, vault: Vault, files: Files, spares: Spares, hosts: tuple[str, ...], worker_id: str
    ) -> None:
        self._database = database
        self._vault = vault
        self._files = files
        self._spares = spares
        self._hosts = hosts
        self._actor = f"worker:{worker_id}"

    async def execute_job(self, execution: Execution) -> None:
        """Run a claimed job to its outcome. The job ends, is retried, released, or was somebody else's by then."""
        claim = execution.claim
        log.info("job_started", jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt)
        try:
            payload, secrets = self._vault.open(claim.payload)
            await self._run(execution, payload, Redactor(secrets))
        except FenceLost:
            log.warning("job_lost", jobId=claim.job_id, attempt=claim.attempt)
        except Exception as error:
            log.error("execution_failed", jobId=claim.job_id, attempt=claim.attempt, exc_info=not _is_told(error))
            said = str(error) if _is_told(error) else "Something went wrong on our side while the job ran."
            execution.failure = Failure(code="UNKNOWN_ERROR", message=said[:4_000])
            await self._settle(execution, Redactor(()))

    async def _run(self, execution: Execution, payload: OpenPayload, redactor: Redactor) -> None:
        process = execution.process = await self._spares.take()
        recorder = Recorder(
            database=self._database, files=self._files, claim=execution.claim, redactor=redactor, actor=self._actor,
            folder=process.folder,
        )  # fmt: skip
        try:
            await process.hand_over(self._order(execution, payload))
            await self._watch(execution, process, recorder)
        finally:
            # Shielded: whatever ends this task, nothing that the script started may stay.
            await asyncio.shield(self._spares.discard(process))
        if execution.ending.done() and execution.ending.result() is Ending.LOST:
            raise FenceLost
        await recorder.flush()
        await self._settle(execution, redactor, recorder.last_step)

    def _order(self, execution: Execution, payload: OpenPayload) -> dict[str, Any]:
        claim = execution.claim
        return {
            "jobType": claim.job_type,
            "payload": payload,
            "checkpoints": claim.checkpoints,
            "hosts": list(self._hosts),
            "lease": max(execution.leased_until - time.monotonic(), 0.1),
        }

    async def _watch(self, execution: Execution, process: ScriptProcess, recorder: Recorder) -> None:
        """Collect reports and output until the script ends, or somebody or its time ends it."""
        timer = asyncio.get_running_loop().call_later(
            execution.claim.timeout_ms / 1_000, execution.end, Ending.TIMED_OUT
        )
        writing = asyncio.create_task(recorder.run())
        collecting = asyncio.create_task(self._collect(execution, process, recorder))
        try:
            await self._note_pid(execution, process)
            await asyncio.wait({collecting, execution.ending, writing}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()  # FenceLost, most likely
            if collecting.done():
                collecting.result()
        finally:
            timer.cancel()
            for task in (writing, collecting):
                task.cancel()
            await asyncio.gather(writing, collecting, return_exceptions=True)

    async def _collect(self, execution: Execution, process: ScriptProcess, recorder: Recorder) -> None:
        """Take everything that the script says until it has ended, then judge how it did."""

        def take_output(line: Log) -> None:
            if line.source == "stderr":
                execution.stderr = [*execution.stderr, line.text][-STDERR_TAIL:]
            recorder.take_log(line)

        output = asyncio.create_task(process.pass_on_output(take_output))
        try:
            async for event in process.reports():
                await self._take(event, execution, recorder)
            # What the script left running may hold its output open, so there is a limit to the patience.
            async with asyncio.timeout(READ_OUT_S):
                status = await process.wait()
                await output
        except TimeoutError:
            status = 0 if execution.result else -1
        except ScriptError as error:
            execution.failure, status = Failure(code=error.code, message=error.message), 1
        finally:
            output.cancel()
            await asyncio.gather(output, return_exceptions=True)
        self._judge(execution, status)

    @staticmethod
    async def _take(event: Event, execution: Execution, recorder: Recorder) -> None:
        match event:
            case Screenshot():
                await recorder.take_screenshot(event)
            case Result():
                execution.result = event
            case Failure():
                execution.failure = event
            case Ready():
                pass  # told by the process itself
            case StepChanged() | Progress() | Log() | Checkpoint():
                recorder.take(event)
            case _:
                assert_never(event)

    @staticmethod
    def _judge(execution: Execution, status: int) -> None:
        """A script that ends without result or failure has failed, whatever its exit status says."""
        if status != 0:
            execution.result = None
        if execution.result is None and execution.failure is None:
            how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
            last = next((line for line in reversed(execution.stderr) if line.strip()), "")
            said = f"The script {how} and gave no result." + (f" Its last words: {last}" if last else "")
            execution.failure = Failure(code=classify_error(last), message=said)

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
        ending = execution.ending.result() if execution.ending.done() else None
        if ending is Ending.RELEASED:
            await self._persist(lambda c: release_job(c, id_=claim.id, fence=claim.fence))
            log.info("job_released", jobId=claim.job_id, attempt=claim.attempt)
            return
        took_ms = round((time.monotonic() - execution.started) * 1_000)
        if execution.result and ending is None:
            result = redactor.json(execution.result.result) | {"duration_ms": took_ms}
            kept = erase(claim.payload)
            await self._persist(lambda c: complete_job(c, id_=claim.id, fence=claim.fence, result=result, payload=kept))
            log.info("job_completed", jobId=claim.job_id, jobType=claim.job_type, duration=took_ms, success=True)
            return
        failed = self._failed(execution, redactor, last_step)
        status = await self._persist(lambda c: fail_job(c, id_=claim.id, fence=claim.fence, failed=failed))
        name = "job_retry_scheduled" if status is JobStatus.PENDING else "job_failed"
        log.warning(
            name, jobId=claim.job_id, jobType=claim.job_type, attempt=claim.attempt, duration=took_ms, success=False,
            code=failed.code,
        )  # fmt: skip

    @staticmethod
    def _failed(execution: Execution, redactor: Redactor, last_step: str) -> FailedAttempt:
        if execution.ending.done():
            limit = execution.claim.timeout_ms / 60_000
            said = f"It ran longer than this job may ({limit:g} minutes)."
            if last_step:
                said += f" Last step: {redactor.text(last_step)}."
            return FailedAttempt(
                code="TIMEOUT", message=said, retryable=True, outcome="timed_out", final=JobStatus.TIMED_OUT
            )
        failure = execution.failure or Failure(code="UNKNOWN_ERROR", message="The script gave no result.")
        return FailedAttempt(
            code=failure.code,
            message=redactor.text(failure.message),
            stack=None if failure.stack is None else redactor.text(failure.stack),
            retryable=is_retryable(failure.code),
        )

    async def _persist(self, write: Callable[[Any], Awaitable[Written]]) -> Written:
        while True:
            try:
                async with self._database.as_service(self._actor) as connection:
                    return await write(connection)
            except FenceLost:
                raise
            except DATABASE_ERRORS as error:
                if is_refusal(error):
                    raise
                log.warning("outcome_delayed", reason=str(error)[:200])
                await asyncio.sleep(RETRY_DELAY_S)
