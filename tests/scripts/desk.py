"""A desk for one script: real Chromium, the sandbox portal, no queue. What the queue adds is tested elsewhere."""

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from portal_scripts.portal_payload import AccountPayload
from scriptjobs.child.browser import new_page
from scriptjobs.child.context import Pipe, RunningJob, RunningScript
from scriptjobs.child.faults import to_failure
from scriptjobs.child.fence import Fence
from scriptjobs.events import Checkpoint, Event, Failure, Log, StepChanged
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RawPayload
from scriptjobs.redaction import Redactor
from tests.processes import Portal

# Another site's types may lie in the same package; what is true of the portal's need not be true of them.
TYPES = JobTypes(
    {kind.name: kind for kind in JobTypes.load("portal_scripts") if issubclass(kind.payload, AccountPayload)}
)
ACTION_MS = 3_000


class _Pipe(Pipe):
    """Keeps what a script reports."""

    def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall]
        self.redactor = Redactor(())
        self.events: list[Event] = []

    def send(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Run:
    """How a script did. `result` is open: its secrets are not covered yet."""

    result: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    events: list[Event] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def data(self) -> dict[str, Any]:
        assert self.failure is None, self.failure
        return self.result["data"]

    @property
    def code(self) -> str | None:
        return self.failure.code if self.failure else None

    @property
    def message(self) -> str:
        return self.failure.message if self.failure else self.result["message"]

    @property
    def log(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Log))

    @property
    def checkpoints(self) -> dict[str, Any]:
        return {event.name: event.value for event in self.events if isinstance(event, Checkpoint)}

    def state_of(self, step: str) -> str:
        return [event.state for event in self.events if isinstance(event, StepChanged) and event.title == step][-1]


# What the sandbox's keys and secrets look like, saved or not.
SECRET = re.compile(r"(RES_PRN_|whsec_|CW_)[0-9a-z_]{8,}")
_WATCH = """() => {
  const secret = /(RES_PRN_|whsec_|CW_)[0-9a-z_]{8,}/;
  const look = () => { if (secret.test(document.body?.textContent ?? "")) window.noteSecret(); };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}"""
_SHOWN = """() => [document.body.innerText, ...[...document.querySelectorAll("input, textarea")]
  .filter((field) => field.type !== "password").map((field) => field.value)].join("\\n")"""


class WatchedScript(RunningScript):
    """Takes no pictures, which are tested elsewhere and cost a third of the time, but knows what they would show."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.shown: list[str] = []
        self.saw_secret = False

    async def screenshot(self, name: str) -> None:
        await self.keep_page()

    async def keep_page(self) -> None:
        """What a picture or a copy of the page would hold now."""
        if not self.is_private:
            with contextlib.suppress(PlaywrightError):
                self.shown.append(await self.page.evaluate(_SHOWN))

    def must_have_kept_secrets(self) -> None:
        """No picture showed a secret; and where a page did, there is no trace."""
        assert not [text for text in self.shown if SECRET.search(text)], "a picture shows a secret"
        assert self.was_private or not self.saw_secret, "a trace shows a secret"


class Desk:
    """Runs scripts one after the other, each in a browser context of its own."""

    def __init__(self, browser: Browser, portal: Portal, folder: Path) -> None:
        self._browser = browser
        self.portal = portal
        # With the type that docs/adding-a-job-type.md shows, as its test there expects it.
        self.types = JobTypes.load("portal_scripts,tests.new_job_type")
        self._folder = folder

    def place(self, name: str = "Curry Garden") -> dict[str, Any]:
        places = self.portal.state()["accounts"]["demo@example.com"]["restaurants"]
        return next(place for place in places if place["name"] == name)

    @property
    def writes(self) -> int:
        return self.portal.state()["writes"]

    async def run(
        self, name: str, /, *, files: dict[str, Path] | None = None, checkpoints: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Run:  # fmt: skip
        kind = self.types.get(name)
        payload = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden"}
        host = self.portal.address.removeprefix("http://")
        page = await new_page(self._browser, str(changes.get("country", "NZ")))
        page.context.set_default_timeout(ACTION_MS)
        job = RunningJob(
            portal_url=self.portal.address, steps=kind.steps, checkpoints=checkpoints or {},
            files={id_: str(path) for id_, path in (files or {}).items()},
        )  # fmt: skip
        model = kind.validate(RawPayload(payload | changes), (host,))
        pipe = _Pipe()
        script = WatchedScript(
            pipe=pipe,
            page=page,
            job=job,
            fence=Fence([host, *kind.hosts]),  # type: ignore[arg-type]
        )
        await page.context.expose_function("noteSecret", lambda: setattr(script, "saw_secret", True))
        await page.context.add_init_script(f"({_WATCH})()")
        began = time.monotonic()
        run = Run(events=pipe.events, shown=script.shown)
        try:
            assert kind.run is not None
            result = await asyncio.wait_for(_awaited(kind.run(script, model)), 60)
            run.result = result.model_dump(mode="json", by_alias=True, context={"seal": str})
        except Exception as error:  # noqa: BLE001 (every failure is what a test looks at, as a worker sees it)
            await script.keep_page()
            run.failure = to_failure(error)
        finally:
            run.seconds = time.monotonic() - began
            await page.context.close()
            script.must_have_kept_secrets()
        return run


async def _awaited(work: Any) -> Any:
    return await work
