"""Creates item tags at Menus > Item Tags, and ticks the menu items that each one belongs to.

A second run creates nothing: a tag whose tile is there already counts as `exists`. A tag that fails is tried once more;
what then still fails stands in `details` and the job completes in part. When nothing succeeded, the job fails. Each tag
that is done is a checkpoint, so a job that was broken off goes on with the next one.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from portal_scripts.pages.item_tags import ItemTags
from portal_scripts.pages.login import sign_in
from portal_scripts.pages.restaurant import open_menus, open_restaurant
from portal_scripts.portal_payload import PortalPayload, Text, twins
from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.script import NothingDone, Script

# portal/PORTAL.md, The ten preset tags.
PRESETS = (
    ("Popular", "#b400fa"), ("New", "#3f92ff"), ("Deal", "#4fc060"), ("Vegan", "#36AB36"), ("Vegetarian", "#32CD32"),
    ("Gluten Free", "#FF8C00"), ("Dairy Free", "#4682B4"), ("Nut Free", "#DEB887"), ("Halal", "#8B7355"),
    ("Spicy", "#FF3333"),
)  # fmt: skip
TRIES = 2


class ItemTag(BaseModel):
    """One tag."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Text = Field(title="Name")
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")] = Field(
        title="Colour", json_schema_extra={"format": "color"}
    )
    display_name: str | None = Field(
        None, alias="display_name", validation_alias=twins("displayName", "display_name"),
        json_schema_extra={"x-hidden": True}, title="Display name",
    )  # fmt: skip
    menu_item_names: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]] = Field(
        default_factory=list, alias="menuItemNames", validation_alias=twins("menuItemNames", "menu_item_names"),
        title="Menu items, one a line", max_length=2_000,
    )  # fmt: skip


def _differ(tags: list[ItemTag]) -> list[ItemTag]:
    names = [tag.name.casefold() for tag in tags]
    if doubled := sorted({tag.name for tag in tags if names.count(tag.name.casefold()) > 1}):
        raise ValueError(f"names a tag twice: {', '.join(doubled)}")
    return tags


class Payload(PortalPayload):
    """The tags to create."""

    item_tags: Annotated[list[ItemTag], AfterValidator(_differ)] = Field(
        min_length=1, max_length=100, title="Item tags", alias="itemTags",
        validation_alias=twins("itemTags", "item_tags"),
        json_schema_extra={"x-presets": [{"name": name, "color": colour} for name, colour in PRESETS]},
    )  # fmt: skip


class TagOutcome(BaseModel):
    """What became of one tag."""

    name: str
    status: Literal["created", "exists", "failed"]
    items: int = Field(default=0, serialization_alias="itemsAssigned")
    error: str | None = None


class Data(BaseModel):
    """Counts and details."""

    items_created: int = Field(serialization_alias="itemsCreated")
    items_existing: int = Field(serialization_alias="itemsExisting")
    items_failed: int = Field(serialization_alias="itemsFailed")
    items_assigned: int = Field(serialization_alias="itemsAssigned")
    details: list[TagOutcome]


class Result(face.Result):
    """The result of the job."""

    data: Data


SIGN_IN = "Sign in to the portal"
OPEN = "Open the restaurant"
MENUS = "Open the menus"
TAGS = "Open the item tags"
CREATE = "Create the item tags"
STEPS = (SIGN_IN, OPEN, MENUS, TAGS, CREATE)


async def run(script: Script, payload: Payload) -> Result:
    """Create the tags. Raises the errors of the pages, and NothingDone when not one tag is there at the end."""
    async with script.step(SIGN_IN):
        await sign_in(script, payload.email, payload.password.get_secret_value())
    async with script.step(OPEN):
        await open_restaurant(script, payload.restaurant_name)
    async with script.step(MENUS):
        await open_menus(script)
    page = ItemTags(script)
    async with script.step(TAGS):
        await page.open()
    async with script.step(CREATE):
        outcomes = await _create_all(script, page, payload.item_tags)
    return _summarise(outcomes)


async def _create_all(script: Script, page: ItemTags, tags: list[ItemTag]) -> list[TagOutcome]:
    outcomes: list[TagOutcome] = []
    last: ScriptError | None = None
    for number, tag in enumerate(tags, start=1):
        await script.progress(number - 1, len(tags), f"[{number}/{len(tags)}] {tag.name}")
        saved = f"tag:{tag.name}"
        try:
            if isinstance(earlier := await script.recall(saved), dict):
                outcome = TagOutcome.model_validate(earlier)
                await script.log(f"“{tag.name}” was done by an earlier try.")
            else:
                outcome = await _create(script, page, tag)
                await script.checkpoint(saved, outcome.model_dump(mode="json"))
        except ScriptError as error:
            last = error
            outcome = TagOutcome(name=tag.name, status="failed", error=error.message)
            await script.log(f"“{tag.name}” failed: {error.message}", "error")
        outcomes.append(outcome)
        await script.progress(number, len(tags), f"[{number}/{len(tags)}] {tag.name}: {outcome.status}")
    if last and all(outcome.status == "failed" for outcome in outcomes):
        raise NothingDone(f"Not one of the {len(tags)} tags could be created. {last.message}", code=last.code)
    return outcomes


async def _create(
    script: Script, page: ItemTags, tag: ItemTag, tries_left: int = TRIES, last: ScriptError | None = None
) -> TagOutcome:
    """Create one tag unless it exists. Look again after a failure: a save may be slow rather than lost."""
    if tag.name in await page.names():
        await script.log(f"“{tag.name}” {'was saved after all' if last else 'exists already'}.")
        return TagOutcome(name=tag.name, status="created" if last else "exists")
    if last and not tries_left:
        raise last
    try:
        async with script.attempt():
            ticked = await page.create(tag.name, tag.color, tag.menu_item_names)
    except ScriptError as error:
        await script.log(f"“{tag.name}”: {error.message}", "warning")
        async with script.attempt():
            await page.leave_form()
        return await _create(script, page, tag, tries_left - 1, error)
    await script.log(f"“{tag.name}” created{f', {ticked} items ticked' if tag.menu_item_names else ''}.")
    return TagOutcome(name=tag.name, status="created", items=ticked)


def _summarise(outcomes: list[TagOutcome]) -> Result:
    def count(status: str) -> int:
        return sum(outcome.status == status for outcome in outcomes)

    created, existing, failed = count("created"), count("exists"), count("failed")
    parts = [f"{created} created", *([f"{existing} existed"] * bool(existing)), *([f"{failed} failed"] * bool(failed))]
    return Result(
        partial=failed > 0,
        message=f"Item tags: {', '.join(parts)}.",
        data=Data(
            items_created=created,
            items_existing=existing,
            items_failed=failed,
            items_assigned=sum(outcome.items for outcome in outcomes),
            details=outcomes,
        ),
    )


JOB_TYPE = JobType(
    name="add-item-tags",
    title="Add item tags",
    description="Creates item tags such as “Vegan” or “Spicy” in the restaurant's menus and ticks their menu items.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    timeout_ms=3_600_000,
    expected_ms=60_000,
    size_of=lambda payload: len(payload.item_tags),
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "itemTags": [{"name": "Spicy", "color": "#FF3333"}],
        },
    ),
)
