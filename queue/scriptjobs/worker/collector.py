"""Collector: takes everything that a script says until it has ended, and judges how it did."""

import asyncio
from collections import deque
from typing import assert_never

from scriptjobs.errors import ScriptError
from scriptjobs.events import (
    LINE_LIMIT,
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
from scriptjobs.runner.foreign import PrintedSteps, parse_script_output, progress_of, secrets_in, verdict_of
from scriptjobs.runner.last_words import last_words
from scriptjobs.runner.printed import Line
from scriptjobs.runner.process import READ_OUT_S, ScriptProcess
from scriptjobs.runner.results import ResultFinder
from scriptjobs.storable import find_unstorable
from scriptjobs.worker.execution import Execution
from scriptjobs.worker.recorder import Recorder

# A stack of Java or Go is long, and tells most in its first line.
STDERR_TAIL = 500


async def collect(execution: Execution, process: ScriptProcess, recorder: Recorder, kind: JobType) -> None:
    """Take everything; afterwards the execution has a result or a failure."""
    await _Collector(execution, recorder, kind).collect(process)


class _Collector:
    """What one script said so far. Its first word on how it ended counts; what contradicts it is told in the log."""

    def __init__(self, execution: Execution, recorder: Recorder, kind: JobType) -> None:
        self._execution = execution
        self._recorder = recorder
        self._kind = kind
        self._printed = PrintedSteps()
        self._finder = ResultFinder()
        self._stderr: deque[str] = deque(maxlen=STDERR_TAIL)
        self._last_failure: Failure | None = None

    async def collect(self, process: ScriptProcess) -> None:
        execution = self._execution
        output = asyncio.create_task(process.pass_on_output(self._take_output))
        status: int | None = None
        try:
            async for event in process.reports():
                await self._take(event)
            # What the script left running may hold its output open, so there is a limit to the patience.
            async with asyncio.timeout(READ_OUT_S):
                status = await process.wait()
                await output
        except TimeoutError:
            pass
        except ScriptError as error:
            execution.result, execution.failure, status = None, Failure(code=error.code, message=error.message), 1
        else:
            execution.failure = process.fault or execution.failure
        finally:
            output.cancel()
            await asyncio.gather(output, return_exceptions=True)
        self._judge(status)
        if not execution.ending.done():
            for step in self._printed.end("done" if execution.result else "failed"):
                self._recorder.take(step)

    def _take_output(self, source: str, line: Line) -> None:
        is_script_of_ours = self._execution.has_reported
        told = progress_of(line.text, self._kind) if source == "stdout" and not is_script_of_ours else None
        if not line.is_whole:
            # Of a line that still grows the share alone is told: its words may end within a secret.
            if isinstance(told, Progress):
                self._recorder.take(Progress(percent=told.percent))
            return
        for secret in secrets_in(line.text, self._kind):
            self._recorder.take(Hidden(value=secret))
        if source == "stderr":
            self._stderr.append(self._recorder.redactor.line(line.text, LINE_LIMIT))
        else:
            self._finder.feed(line)
        self._recorder.take_log(Log.model_validate({"source": source, "text": line.text}))
        # A script of ours reports on its pipe; one in another language prints.
        if told:
            for event in self._printed.begin(told) if isinstance(told, StepChanged) else [told]:
                self._recorder.take(event)

    async def _take(self, event: Event) -> None:
        self._execution.has_reported = True
        match event:
            case Screenshot() | Attachment():
                await self._recorder.take_file(event)
            case Result() | Failure():
                self._take_word(event)
            case Ready():
                pass  # told by the process itself
            case StepChanged() | Progress() | Log() | Checkpoint() | Resumed() | Hidden():
                self._recorder.take(event)
            case _:
                assert_never(event)

    def _take_word(self, word: Result | Failure) -> None:
        """Take the script's word on how it ended, if it is its first."""
        execution = self._execution
        said = verdict_of({"success": True, **word.result}, self._kind) if isinstance(word, Result) else word
        if execution.result or execution.failure:
            first = "a result" if execution.result else "a failure"
            then = "a result" if isinstance(said, Result) else f"a failure ({said.code}: {said.message})"
            self._warn(f"The script reported {first}, and then {then}. Its first word counts.")
        elif isinstance(said, Result):
            execution.result = said
        else:
            execution.failure = said
        # A script that fails on its way out has failed, whatever its result: this tells what of.
        if isinstance(said, Failure) and execution.result:
            self._last_failure = said

    def _judge(self, status: int | None) -> None:
        """A bad exit status is a failure whatever was said. What said nothing on the pipe has printed its result.
        `status` is None when the process has not ended though it closed its pipe.
        """
        execution = self._execution
        if status:
            execution.result = None
            execution.failure = execution.failure or self._last_failure
        if execution.result or execution.failure:
            return
        if status is None:
            said = "The script closed its pipe to the worker before it had ended, so its result cannot be known."
            execution.failure = Failure(code="UNKNOWN_ERROR", message=said)
            return
        last = last_words(list(self._stderr))
        if status:
            execution.failure = explain_end(status, last)
            return
        verdict = parse_script_output(self._finder, last, self._kind)
        if isinstance(verdict, Failure):
            execution.failure = verdict
            return
        execution.result = verdict
        self._tell_repairs()

    def _tell_repairs(self) -> None:
        said = self._finder.result()
        if isinstance(said, dict) and (found := find_unstorable(said)):
            self._warn(f"Not all of the printed result can be stored: {found[0]} {found[1]}. It was replaced.")

    def _warn(self, text: str) -> None:
        self._recorder.take_log(Log(level="warning", source="worker", text=text))
