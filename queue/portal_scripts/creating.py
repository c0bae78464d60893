"""Creating what stands on tiles (item tags, option sets): looked for first, tried twice, counted."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from portal_scripts.outcomes import TRIES, Outcome, Tally, attempt_each
from portal_scripts.pages.tiles import Ticked, Tiles
from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.names import fold_name
from scriptjobs.script import Script


class Created(BaseModel):
    """One item of `details`."""

    name: str
    status: str
    items_assigned: int = Field(0, serialization_alias="itemsAssigned")
    error: str | None = None


class Data(BaseModel):
    """Counts and details."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    items_created: int
    items_existing: int
    items_failed: int
    items_assigned: int
    details: list[Created]


class Result(face.Result):
    """The result of a job that creates things."""

    data: Data


async def create_each(
    script: Script, page: Tiles, names: list[str], create: Callable[[int], Awaitable[Ticked]], *, kind: str
) -> Tally:
    """Create what is not there yet; `create(index)` fills and saves one form and returns what it ticked.

    The tiles are read once, and again after a failure, so that the time for one does not grow with their number.
    """
    there = await page.names()

    async def work(index: int) -> Outcome:
        name = names[index]
        if fold_name(name) in there:
            await script.log(f"“{name}” exists already.")
            return Outcome(name=name, status="exists")
        ticked = Ticked()
        for left in reversed(range(TRIES)):
            try:
                async with script.attempt():
                    ticked = await create(index)
                break
            except ScriptError as error:
                await script.log(f"“{name}”: {error.message}", "warning")
                async with script.attempt():
                    await page.leave_form()
                # Look again: a save may have been slow rather than lost.
                if fold_name(name) in await page.names():
                    await script.log(f"“{name}” was saved after all.")
                    break
                if not left:
                    raise
        there.add(fold_name(name))
        await script.log(f"“{name}” created{f', {ticked.boxes} items ticked' if ticked.boxes else ''}.")
        warnings = [f"“{item}” is not on the menu, so “{name}” was not set for it." for item in ticked.missing]
        for warning in warnings:
            await script.log(warning, "warning")
        return Outcome(name=name, status="created", items=ticked.boxes, warnings=warnings)

    return await attempt_each(script, names, work, kind=kind)


def summarise(tally: Tally, what: str) -> Result:
    """The result.

    Raises:
        NothingDone: not one item is there at the end.
    """
    tally.must_hold_something(what.lower())
    created, existing, failed = (len(tally.named(status)) for status in ("created", "exists", "failed"))
    parts = [f"{created} created", *([f"{existing} existed"] * bool(existing)), *([f"{failed} failed"] * bool(failed))]
    details = [
        Created(name=item.name, status=item.status, items_assigned=item.items, error=item.error)
        for item in tally.outcomes
    ]
    return Result(
        partial=failed > 0,
        message=f"{what}: {', '.join(parts)}.",
        warnings=tally.warnings,
        data=Data(
            items_created=created, items_existing=existing, items_failed=failed,
            items_assigned=sum(item.items for item in tally.outcomes), details=details,
        ),
    )  # fmt: skip
