"""Collector: takes everything that a script says until it has ended, and judges how it did."""

import asyncio
from typing import assert_never

from scriptjobs.errors import ScriptError, classify_error
from scriptjobs.events import (
    Attachment,
    Checkpoint,
    Event,
    Failure,
    Hidden,
    Log,
    Progress,
    Ready,
    Result,
    Resumed,
    Screenshot,
    StepChanged,
)
from scriptjobs.job_types import JobType
from scriptjobs.runner.exit_status import explain_end
from scriptjobs.runner.foreign import PrintedSteps, last_words, parse_script_output, progress_of, secrets_in
from scriptjobs.runner.process import READ_OUT_S, ScriptProcess
from scriptjobs.worker.execution import Execution
from scriptjobs.worker.recorder import Recorder

STDERR_TAIL = 40


async def collect(execution: Execution, process: ScriptProcess, recorder: Recorder, kind: JobType) -> None:
    """Take everything; afterwards the execution has a result or a failure."""
    await _Collector(execution, recorder, kind).collect(process)


class _Collector:
    """What one script said so far."""

    def __init__(self, execution: Execution, recorder: Recorder, kind: JobType) -> None:
        self._execution = execution
        self._recorder = recorder
        self._kind = kind
        self._printed = PrintedSteps()

    async def collect(self, process: ScriptProcess) -> None:
        execution = self._execution
        output = asyncio.create_task(process.pass_on_output(self._take_output))
        try:
            async for event in process.reports():
                await self._take(event)
            # What the script left running may hold its output open, so there is a limit to the patience.
            async with asyncio.timeout(READ_OUT_S):
                status = await process.wait()
                await output
        except TimeoutError:
            status = 0 if execution.result else -1
        except ScriptError as error:
            execution.failure, status = Failure(code=error.code, message=error.message), 1
        else:
            execution.failure = process.fault or execution.failure
        finally:
            output.cancel()
            await asyncio.gather(output, return_exceptions=True)
        self._judge(status)
        if not execution.ending.done():
            for step in self._printed.end("done" if execution.result else "failed"):
                self._recorder.take(step)

    def _take_output(self, line: Log) -> None:
        execution = self._execution
        for secret in secrets_in(line.text, self._kind):
            self._recorder.take(Hidden(value=secret))
        self._recorder.take_log(line)
        if line.source == "stderr":
            execution.stderr = [*execution.stderr, line.text][-STDERR_TAIL:]
        elif line.source == "stdout":
            execution.stdout.append(line.text)
            # A script of ours reports on its pipe; one in another language prints.
            if not execution.has_reported and (told := progress_of(line.text, self._kind)):
                for event in self._printed.begin(told) if isinstance(told, StepChanged) else [told]:
                    self._recorder.take(event)

    async def _take(self, event: Event) -> None:
        execution = self._execution
        execution.has_reported = True
        match event:
            case Screenshot() | Attachment():
                await self._recorder.take_file(event)
            case Result():
                execution.result = event
            case Failure():
                execution.failure = event
            case Ready():
                pass  # told by the process itself
            case StepChanged() | Progress() | Log() | Checkpoint() | Resumed() | Hidden():
                self._recorder.take(event)
            case _:
                assert_never(event)

    def _judge(self, status: int) -> None:
        """A bad exit status is a failure whatever was said. What said nothing on the pipe has printed its result."""
        execution, kind = self._execution, self._kind
        if status != 0:
            execution.result = None
        if execution.result or execution.failure:
            return
        last = last_words(execution.stderr)
        if status != 0:
            execution.failure = explain_end(status, last)
            return
        printed = parse_script_output("\n".join(execution.stdout), last, kind)
        if printed["success"]:
            execution.result = Result(result=printed)
        else:
            said = str(printed["message"])[:4_000]
            execution.failure = Failure(code=classify_error(said), message=said)
