"""What a running script holds in its hands: implements `Script` over the pipe and the browser's page."""

import asyncio
import math
import os
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from scriptjobs.child.faults import to_failure
from scriptjobs.child.fence import Fence
from scriptjobs.errors import ScriptError
from scriptjobs.events import (
    Attachment,
    Checkpoint,
    Event,
    Hidden,
    Log,
    Progress,
    Resumed,
    Screenshot,
    StepChanged,
)
from scriptjobs.protocol import encode
from scriptjobs.redaction import Redactor
from scriptjobs.script import NavigationTimeout, PortalFault
from scriptjobs.storable import repair_text

LEVELS = ("debug", "info", "warning", "error")
PICTURE_TIMEOUT_MS = 5_000
# Fields are not found by what stands in them, so they are marked first.
_MARK = "data-script-jobs-hidden"
_MARK_FIELDS = f"""(secrets) => {{
    for (const field of document.querySelectorAll("input, textarea, select")) {{
        const shown = [field.value, field.placeholder].join("\\n");
        field.toggleAttribute("{_MARK}", secrets.some((secret) => shown.includes(secret)));
    }}
}}"""
SHORTEST_COVERED = 4
PICTURE_QUALITY = 55  # a page of 1280 by 800 stays under 100 kB


class Pipe:
    """The way back to the worker: one line an event, masked before it is cut."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.redactor = Redactor(())
        os.set_inheritable(descriptor, False)  # noqa: FBT003 (the driver must not hold the pipe)

    def send(self, event: Event) -> None:
        """Write an event whole."""
        rest = memoryview(encode(self.redactor.event(event)))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """What the job is about: its portal, its steps, what earlier attempts saved, paths of uploaded files by id."""

    portal_url: str
    steps: tuple[str, ...]
    checkpoints: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: Mapping[str, str] = field(default_factory=dict[str, str])


class RunningScript:
    """One attempt, seen from inside."""

    def __init__(self, *, pipe: Pipe, page: Page, job: RunningJob, fence: Fence) -> None:
        self._pipe = pipe
        self._fence = fence
        self._steps = job.steps
        self._files = job.files
        self._hidden: list[str] = []
        self._position = 0
        self._pictures = 0
        self._earlier = dict(job.checkpoints)
        self._resumed = False
        self.page = page
        self.portal_url = job.portal_url
        self.checkpoints = dict(job.checkpoints)
        self.was_private = False
        self._step_is_private = self._page_is_private = False

    @asynccontextmanager
    async def step(self, title: str, *, in_private: bool = False) -> AsyncGenerator[None]:
        """Run a declared step: reported at both ends, with a picture of how it ended, if not `in_private`."""
        if title not in self._steps:
            declared = ", ".join(f"“{step}”" for step in self._steps)
            raise _misuse(f"script.step(“{title}”): the job type declares no such step. It declares {declared}.")
        self._position = self._steps.index(title) + 1
        self._step_is_private = in_private
        self.was_private |= in_private
        started = time.monotonic()
        self._tell_step(title, "running")
        self._tell_percent(0.0, title)
        try:
            yield
        except asyncio.CancelledError:
            await self.screenshot("stopped")  # somebody stopped the job: this is what is half done
            raise
        except Exception:
            await self.screenshot("failed")
            self._tell_step(title, "failed", started)
            raise
        await self.screenshot("done")
        self._tell_step(title, "done", started)
        self._tell_percent(1.0, title)

    async def open(self, address: str) -> None:
        """Go to an address; raises PortalFault, NavigationTimeout and Forbidden."""
        self._fence.check(address)
        try:
            response = await self.page.goto(address, wait_until="domcontentloaded")
        except PlaywrightTimeout as error:
            raise NavigationTimeout(f"{address} took too long to load.") from error
        if response and response.status >= 500:
            raise PortalFault(f"The portal answered with an error of its own (HTTP {response.status}).")

    async def sees(self, selector: str, timeout_ms: float) -> bool:
        """Whether something that fits `selector` is seen within `timeout_ms`."""
        try:
            await self.page.locator(selector).first.wait_for(state="visible", timeout=timeout_ms)
        except PlaywrightTimeout:
            return False
        return True

    @asynccontextmanager
    async def attempt(self) -> AsyncGenerator[None]:
        """Turn the browser's errors into ScriptErrors, a crash excepted."""
        try:
            yield
        except PlaywrightError as error:
            failure = to_failure(error)
            if failure.code == "BROWSER_CRASHED":
                raise
            raise ScriptError(failure.message, code=failure.code) from error

    @property
    def is_private(self) -> bool:
        """Whether the page may show a secret now, so that nothing of it is kept."""
        return self._step_is_private or self._page_is_private

    def set_private(self, *, on: bool) -> None:
        """Keep nothing of what the page shows from now on, in whatever step; or keep it again."""
        self._page_is_private = on
        self.was_private |= on

    def masked(self, text: str, limit: int) -> str:
        """A text without secrets, cut to `limit` characters afterwards: for files, which are cut before they leave."""
        return self._pipe.redactor.text(repair_text(text), limit)

    def attach(self, file: Attachment) -> None:
        """Hand over a file of the private folder."""
        self._pipe.send(file.model_copy(update={"position": self._position or None}))

    def file(self, id_: UUID) -> Path:
        """Where an uploaded file lies. Raises ScriptError when it was deleted meanwhile."""
        if str(id_) not in self._files:
            raise ScriptError("A file of this job is no longer there. Upload it again.", code="VALIDATION_ERROR")
        return Path(self._files[str(id_)])

    @asynccontextmanager
    async def without_scripts(self) -> AsyncGenerator[None]:
        """Let windows that open meanwhile run no scripts."""
        self._fence.forbids_scripts = True
        try:
            yield
        finally:
            self._fence.forbids_scripts = False

    async def hide(self, value: str) -> None:
        """Mask a secret from now on, in pictures here and in all texts at the worker."""
        if value := str(value):
            self._hidden.append(value)
            self._pipe.redactor.add(value)
            self._pipe.send(Hidden(value=value))
        await asyncio.sleep(0)

    def cover(self, secret: str) -> None:
        """Keep a secret of the payload out of pictures. A very short one would cover half of every page."""
        if len(secret) >= SHORTEST_COVERED:
            self._hidden.append(secret)

    async def covered(self) -> list[Locator]:
        """What a picture must not show, in all frames: password fields, and texts and fields with a hidden value.

        Raises:
            PlaywrightError: a frame does not answer, so nobody knows what it shows.
        """
        frames = [frame for frame in self.page.frames if not frame.is_detached()]
        if self._hidden:
            try:
                async with asyncio.timeout(PICTURE_TIMEOUT_MS / 1_000):
                    for frame in frames:
                        await frame.evaluate(_MARK_FIELDS, self._hidden)
            except TimeoutError as error:
                raise PlaywrightError("A frame of the page does not answer.") from error
        fields = [frame.locator(f"input[type=password], [{_MARK}]") for frame in frames]
        return fields + [frame.get_by_text(value) for frame in frames for value in self._hidden]

    async def progress(self, done: int, total: int, message: str) -> None:
        """Report `done` of `total` within the present step."""
        try:
            share = min(max(done / total, 0.0), 1.0) if total else 1.0
        except (TypeError, OverflowError):
            share = math.nan
        if math.isnan(share):
            raise _misuse(f"script.progress({done!r}, {total!r}, …): both must be numbers, the second the total.")
        self._tell_percent(share, message)
        await asyncio.sleep(0)

    async def log(self, text: str, level: str = "info") -> None:
        """Write a line to the job's log."""
        if level not in LEVELS:
            raise _misuse(f"script.log(…, {level!r}): the level is one of {', '.join(LEVELS)}.")
        self._pipe.send(Log.model_validate({"text": str(text), "level": level}))
        await asyncio.sleep(0)

    async def screenshot(self, name: str) -> None:
        """Take a picture; password fields are covered. A page that cannot be painted costs the picture, not the job.

        The empty page that every browser begins with is not worth one.
        """
        if self.is_private or self.page.url == "about:blank":
            return
        self._pictures += 1
        plain = re.sub(r"[^a-z0-9]+", "-", self._pipe.redactor.text(str(name)).lower()).strip("-")[:40]
        file = f"{self._pictures:03d}-step-{self._position:02d}-{plain or 'picture'}.jpg"
        try:
            content = await self.page.screenshot(
                type="jpeg", quality=PICTURE_QUALITY, mask=await self.covered(), mask_color="#888",
                timeout=PICTURE_TIMEOUT_MS, animations="disabled",
            )  # fmt: skip
        except PlaywrightError as error:
            await self.log(f"No picture: {error.message.splitlines()[0]}", "warning")
            return
        if await self.keep(file, content):
            self._pipe.send(Screenshot(file=file, position=self._position or None))

    async def keep(self, file: str, content: bytes) -> bool:
        """Write into the private folder. A full disk costs the file, not the job. Returns whether it was kept."""
        try:
            Path(file).write_bytes(content)  # noqa: ASYNC240 (a local file, of under 100 kB as a rule)
        except OSError as error:
            await self.log(f"{file} was not kept: {error.strerror}.", "warning")
            return False
        return True

    async def checkpoint(self, name: str, value: Any = True) -> None:  # noqa: FBT002 (a value, not a switch)
        """Save that something is done, for a later attempt."""
        name = repair_text(str(name))
        if not 1 <= len(name) <= 200:
            raise _misuse(
                f"script.checkpoint({name[:40]!r}, …): its name has {len(name)} characters; 1 to 200 will do."
            )
        self.checkpoints[name] = value
        self._pipe.send(Checkpoint(name=name, value=value, position=self._position or None))
        await asyncio.sleep(0)

    async def recall(self, name: str) -> Any:
        """What an earlier attempt saved under `name`, or None; the job then shows that it was resumed in this step."""
        found = self._earlier.get(repair_text(str(name)))
        if found is not None and not self._resumed:
            self._resumed = True
            self._pipe.send(Resumed(position=max(1, self._position)))
        await asyncio.sleep(0)
        return found

    def _tell_step(self, title: str, state: str, started: float | None = None) -> None:
        took = {} if started is None else {"duration_ms": round((time.monotonic() - started) * 1_000)}
        self._pipe.send(
            StepChanged.model_validate(
                {"position": self._position, "total": len(self._steps), "title": title, "state": state, **took}
            )
        )

    def _tell_percent(self, share: float, message: str) -> None:
        percent = round(100 * (self._position - 1 + share) / len(self._steps))
        self._pipe.send(Progress(percent=min(percent, 99), message=str(message)))


def _misuse(said: str) -> ScriptError:
    """A mistake in the script, told to its author."""
    return ScriptError(said, code="VALIDATION_ERROR")
