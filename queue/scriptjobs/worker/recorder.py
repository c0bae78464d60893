"""Takes a script's reports, redacts and merges them, and writes them to the database at a bounded rate."""

import asyncio
import uuid
from pathlib import Path
from typing import assert_never

import structlog

from scriptjobs.database import DATABASE_ERRORS, Database
from scriptjobs.errors import DatabaseUnavailable
from scriptjobs.events import (
    LINE_LIMIT,
    Attachment,
    Checkpoint,
    Hidden,
    Log,
    Progress,
    Resumed,
    Screenshot,
    StepChanged,
)
from scriptjobs.files import FILE_ERRORS, Files
from scriptjobs.jobs import ClaimedJob, JobFile
from scriptjobs.outages import is_refusal, words_of
from scriptjobs.redaction import Redactor
from scriptjobs.store.progress import Report, update_job_progress

# Pain 13 of the product page: at most two writes a second for one job, whatever the script does. The first report
# after a quiet moment is written at once; steps are never held back.
MIN_INTERVAL_S = 0.5
RETRY_DELAY_S = 1.0
LOG_LINES = 5_000
LOG_BYTES = 1024 * 1024
STEPS = 2_000
FILES = 250
FILE_BYTES = 50 * 1024 * 1024

log = structlog.get_logger()


class Recorder:
    """The reports of one attempt on their way to the database."""

    def __init__(
        self, *, database: Database, files: Files, claim: ClaimedJob, redactor: Redactor, actor: str, folder: Path
    ) -> None:
        self._database = database
        self._files = files
        self._claim = claim
        self.redactor = redactor
        self._actor = actor
        self._folder = folder
        self._report = Report()
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._is_closed = False
        self._lines = self._bytes = self._files_taken = self._steps = 0
        self.last_step = ""

    def take(self, event: StepChanged | Progress | Log | Checkpoint | Resumed | Hidden) -> None:
        """Take a report."""
        match event:
            case StepChanged():
                self.take_step(event)
            case Progress():
                self.take_progress(event)
            case Log():
                self.take_log(event)
            case Checkpoint():
                self.take_checkpoint(event)
            case Hidden():
                self.redactor.add(event.value)
            case Resumed():
                self._report.resumed = event
                self._dirty.set()
            case _:
                assert_never(event)

    def take_log(self, line: Log) -> None:
        """Take a line of log; beyond the cap, lines are dropped and one line says so."""
        self._lines += 1
        size = min(len(line.text), LINE_LIMIT)
        self._bytes += size
        if self._lines > LOG_LINES or self._bytes > LOG_BYTES:
            if self._lines <= LOG_LINES + 1 or self._bytes - size <= LOG_BYTES:
                said = "The log is full; what follows was not kept."
                self._report.logs.append(Log(level="warning", source="worker", text=said))
                self._lines, self._bytes = LOG_LINES + 1, LOG_BYTES * 2
            return
        self._report.logs.append(self.redactor.event(line))
        self._dirty.set()

    def take_step(self, step: StepChanged) -> None:
        """Take the beginning or the end of a step; it is written without delay."""
        step = self.redactor.event(step)
        self.last_step = step.title
        self._steps += 1
        if self._steps > STEPS:
            return
        self._report.steps.append(step)
        self._dirty.set()
        self._urgent.set()

    def take_progress(self, progress: Progress) -> None:
        """Take a progress report; only the newest one of each write counts."""
        told = self.redactor.event(progress)
        if told.message is None and self._report.progress:
            told = told.model_copy(update={"message": self._report.progress.message})
        self._report.progress = told
        self._dirty.set()

    def take_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take something that a later attempt need not do again; it is sealed where it holds a secret."""
        if self.redactor.text(checkpoint.name) != checkpoint.name:
            said = f"The checkpoint {checkpoint.name} was not saved: its name holds a secret."
            self.take_log(Log(level="warning", source="worker", text=said))
            return
        kept = checkpoint.model_copy(update={"value": self.redactor.seal(checkpoint.value)})
        self._report.checkpoints.append(kept)
        self._dirty.set()

    async def take_file(self, file: Screenshot | Attachment) -> None:
        """Store a file that lies in the run's folder, its texts redacted."""
        media_type = file.media_type if isinstance(file, Attachment) else "image/jpeg"
        self._files_taken += 1
        path = self._folder / file.file
        if self._files_taken > FILES or path.is_symlink() or not path.is_file():
            return
        if path.stat().st_size > FILE_BYTES:
            said = f"{file.file} was not kept: it has more than {FILE_BYTES // 1024**2} MiB."
            self.take_log(Log(level="warning", source="worker", text=said))
            return
        key = f"{self._claim.id}/{self._claim.attempt}/{file.file}"
        try:
            content = await asyncio.to_thread(lambda: self.redactor.file(media_type, path.read_bytes()))
            await self._files.put(key, content)
        except FILE_ERRORS as error:
            said = f"A file could not be stored: {str(error).splitlines()[0][:200]}"
            self.take_log(Log(level="warning", source="worker", text=said))
            return
        self._report.files.append(
            JobFile(
                id=uuid.uuid4(), attempt=self._claim.attempt, step=file.position, name=file.file,
                media_type=media_type, size=len(content), storage_key=key,
            )
        )  # fmt: skip
        self._dirty.set()

    async def run(self) -> None:
        """Write until closed. Whoever cancels it instead loses what is being written at that moment.

        Raises:
            FenceLost: the job is no longer ours.
        """
        while not (self._is_closed and self._report.is_empty):
            await self._dirty.wait()
            self._urgent.clear()
            await self._flush()
            try:
                async with asyncio.timeout(MIN_INTERVAL_S):
                    await self._urgent.wait()
            except TimeoutError:
                continue

    def close(self) -> None:
        """Nothing more comes: let `run` write what is left, and end."""
        self._is_closed = True
        self._dirty.set()
        self._urgent.set()

    async def _flush(self) -> None:
        """Write what has gathered. A database that is away is asked again until the fence says otherwise; a report that
        it refuses is left out.
        """
        self._dirty.clear()
        report, self._report = self._report, Report()
        while not report.is_empty:
            try:
                async with self._database.as_service(self._actor) as connection:
                    await update_job_progress(connection, self._claim, report)
            except DatabaseUnavailable as error:
                log.warning("report_delayed", jobId=self._claim.job_id, reason=error.reason)
                await asyncio.sleep(RETRY_DELAY_S)
                continue
            except DATABASE_ERRORS as error:
                if not is_refusal(error):
                    raise
                # What a script says is repaired before, so this is our fault; it must not become the job's.
                log.error("report_refused", jobId=self._claim.job_id, reason=words_of(error))
                said = "A report of the script could not be stored; steps or lines of the log are missing here."
                self.take_log(Log(level="warning", source="worker", text=said))
            return
