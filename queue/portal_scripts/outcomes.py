"""Work in many parts: what became of each, going on after one fails, and what an earlier try did already."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

from portal_scripts.pages.login import SignedOut, is_signed_out
from scriptjobs.errors import ScriptError, is_retryable
from scriptjobs.script import NothingDone, Script

TRIES = 2


class Outcome(BaseModel):
    """What became of one item or one section."""

    name: str
    status: Literal["created", "exists", "applied", "looked", "skipped", "failed"]
    items: int = 0
    error: str | None = None
    warnings: list[str] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One declared step that may fail alone. `work` does it and raises ScriptError; what it returns is a warning, one
    sentence that the result tells. `skipped`: why it is left out; `needs`: the step that must have succeeded before.

    One that `only_looks` changes nothing, so it does not count when nothing else succeeds.
    """

    step: str
    work: Callable[[], Awaitable[str | None]]
    skipped: str | None = None
    only_looks: bool = False
    needs: str | None = None


@dataclass(slots=True)
class Tally:
    """The outcomes so far, and the first failure."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    first: ScriptError | None = None

    def named(self, *statuses: str) -> list[str]:
        """Names of those with one of these statuses."""
        return [outcome.name for outcome in self.outcomes if outcome.status in statuses]

    @property
    def failed(self) -> list[Outcome]:
        """Those that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    @property
    def warnings(self) -> list[str]:
        """What a person should know of those that succeeded."""
        return [warning for outcome in self.outcomes for warning in outcome.warnings]

    def must_hold_something(self, what: str) -> None:
        """Raises NothingDone, with the first failure's code, when something failed and nothing succeeded."""
        if self.first and not self.named("created", "exists", "applied"):
            raise NothingDone(f"Not one of the {what} could be done. {self.first.message}", code=self.first.code)


async def attempt_each(
    script: Script,
    names: Sequence[str],
    work: Callable[[int], Awaitable[Outcome]],
    *,
    kind: str,
) -> Tally:
    """Do each item within the present step; `work(index)` does one. What an earlier try did is recalled, not repeated.

    Raises:
        SignedOut: the session is gone, so that all further items would fail.
    """
    tally = Tally()
    for index, name in enumerate(names):
        place = f"[{index + 1}/{len(names)}] {name}"
        await script.progress(index, len(names), place)
        try:
            outcome = await _recalled(script, f"{kind}:{name}")
            if outcome is None:
                outcome = await work(index)
                await script.checkpoint(f"{kind}:{name}", outcome.model_dump(mode="json"))
        except ScriptError as error:
            await _must_be_signed_in(script, error)
            tally.first = tally.first or error
            outcome = Outcome(name=name, status="failed", error=error.message)
            await script.log(f"“{name}” failed: {error.message}", "error")
        tally.outcomes.append(outcome)
        await script.progress(index + 1, len(names), f"{place}: {outcome.status}")
    return tally


async def apply_parts(script: Script, parts: Sequence[Part], recover: Callable[[], Awaitable[None]]) -> Tally:
    """Do each part in its own step. A part that fails is tried once more after `recover`, then the next one begins.

    Raises:
        SignedOut: as above.
    """
    tally = Tally()
    for part in parts:
        try:
            async with script.step(part.step):
                if part.needs in tally.named("failed"):
                    raise ScriptError(f"“{part.needs}” comes first.")
                outcome = await _apply(script, part, recover)
        except ScriptError as error:
            await _must_be_signed_in(script, error)
            tally.first = tally.first or error
            outcome = Outcome(name=part.step, status="failed", error=error.message)
            await script.log(f"“{part.step}” failed: {error.message}", "error")
        tally.outcomes.append(outcome)
    return tally


async def _apply(script: Script, part: Part, recover: Callable[[], Awaitable[None]]) -> Outcome:
    if part.skipped:
        await script.log(f"Skipped: {part.skipped}")
        return Outcome(name=part.step, status="skipped", error=part.skipped)
    if earlier := await _recalled(script, f"part:{part.step}"):
        return earlier
    warning = await _twice(script, part, recover)
    outcome = Outcome(name=part.step, status="looked" if part.only_looks else "applied")
    if warning:
        await script.log(warning, "warning")
        outcome.warnings.append(warning)
    await script.checkpoint(f"part:{part.step}", outcome.model_dump(mode="json"))
    return outcome


async def _twice(script: Script, part: Part, recover: Callable[[], Awaitable[None]]) -> str | None:
    for left in reversed(range(TRIES)):
        try:
            async with script.attempt():
                warning = await part.work()
        except ScriptError as error:
            await _must_be_signed_in(script, error)
            if not left or not is_retryable(error.code):
                raise
            await script.log(f"{error.message} Trying once more.", "warning")
            async with script.attempt():
                await recover()
        else:
            return warning
    return None


async def _recalled(script: Script, name: str) -> Outcome | None:
    earlier = await script.recall(name)
    if not isinstance(earlier, dict):
        return None
    outcome = Outcome.model_validate(earlier)
    await script.log(f"“{outcome.name}” was done by an earlier try.")
    return outcome


async def _must_be_signed_in(script: Script, error: ScriptError) -> None:
    if isinstance(error, SignedOut):
        raise error
    if await is_signed_out(script):
        raise SignedOut from error
