"""A desk for one script: real Chromium, the sandbox portal, no queue. What the queue adds is tested elsewhere."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from scriptjobs.child.browser import new_context
from scriptjobs.child.context import Pipe, RunningJob, RunningScript
from scriptjobs.child.faults import to_failure
from scriptjobs.child.fence import Fence
from scriptjobs.events import Checkpoint, Event, Failure, Log, StepChanged
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RawPayload
from scriptjobs.redaction import Redactor
from tests.processes import Portal

TYPES = JobTypes.load("portal_scripts")
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


class BlindScript(RunningScript):
    """Takes no pictures, which are tested elsewhere and cost a third of the time."""

    async def screenshot(self, name: str) -> None:
        pass


class Desk:
    """Runs scripts one after the other, each in a browser context of its own."""

    def __init__(self, browser: Browser, portal: Portal, folder: Path) -> None:
        self._browser = browser
        self.portal = portal
        self.types = TYPES
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
        context = await new_context(self._browser, str(changes.get("country", "NZ")))
        context.set_default_timeout(ACTION_MS)
        job = RunningJob(
            portal_url=self.portal.address, steps=kind.steps, checkpoints=checkpoints or {},
            files={id_: str(path) for id_, path in (files or {}).items()},
        )  # fmt: skip
        model = kind.validate(RawPayload(payload | changes), (host,))
        pipe = _Pipe()
        script = BlindScript(
            pipe=pipe,
            page=await context.new_page(),
            job=job,
            fence=Fence([host, *kind.hosts]),  # type: ignore[arg-type]
        )
        began = time.monotonic()
        run = Run(events=pipe.events)
        try:
            assert kind.run is not None
            result = await asyncio.wait_for(_awaited(kind.run(script, model)), 60)
            run.result = result.model_dump(mode="json", by_alias=True, context={"seal": str})
        except Exception as error:  # noqa: BLE001 (every failure is what a test looks at, as a worker sees it)
            run.failure = to_failure(error)
        finally:
            run.seconds = time.monotonic() - began
            await context.close()
        return run


async def _awaited(work: Any) -> Any:
    return await work
