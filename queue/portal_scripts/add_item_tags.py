"""Creates item tags at Menus > Item Tags, and ticks the menu items that each one belongs to.

A second run creates nothing: a tag whose tile is there already counts as `exists`. A tag that fails is tried once more;
what then still fails stands in `details` and the job completes in part. When nothing succeeded, the job fails. Each tag
that is done is a checkpoint, so a job that was broken off goes on with the next one.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from portal_scripts.creating import Result, create_each, summarise
from portal_scripts.pages.item_tags import ItemTags
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import MENUS, OPEN, open_menus, open_restaurant_of
from portal_scripts.portal_payload import DishName, HexColour, Line, Name, PortalPayload, each_once, twins
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

# The firm's usual tags, in their order.
PRESETS = (
    ("Popular", "#b400fa"), ("New", "#3f92ff"), ("Deal", "#4fc060"), ("Vegan", "#36AB36"), ("Vegetarian", "#32CD32"),
    ("Gluten Free", "#FF8C00"), ("Dairy Free", "#4682B4"), ("Nut Free", "#DEB887"), ("Halal", "#8B7355"),
    ("Spicy", "#FF3333"),
)  # fmt: skip


class ItemTag(BaseModel):
    """One tag."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Name = Field(title="Name")
    color: HexColour = Field(title="Colour")
    display_name: Line | None = Field(
        None, alias="display_name", validation_alias=twins("displayName", "display_name"),
        json_schema_extra={"x-hidden": True}, title="Display name",
    )  # fmt: skip
    menu_item_names: list[DishName] = Field(
        default_factory=list, alias="menuItemNames", validation_alias=twins("menuItemNames", "menu_item_names"),
        title="Menu items, one a line", max_length=2_000,
    )  # fmt: skip


class Payload(PortalPayload):
    """The tags to create."""

    item_tags: Annotated[list[ItemTag], AfterValidator(each_once)] = Field(
        min_length=1, max_length=100, title="Item tags", alias="itemTags",
        validation_alias=twins("itemTags", "item_tags"),
        json_schema_extra={"x-presets": [{"name": name, "color": colour} for name, colour in PRESETS]},
    )  # fmt: skip


TAGS = "Open the item tags"
CREATE = "Create the item tags"
STEPS = (SIGN_IN, OPEN, MENUS, TAGS, CREATE)


async def run(script: Script, payload: Payload) -> Result:
    """Create the tags. Raises the errors of the pages, and NothingDone when not one tag is there at the end."""
    tags = payload.item_tags
    page = ItemTags(script)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(MENUS):
            await open_menus(script)
        async with script.step(TAGS):
            await page.open()
        async with script.step(CREATE):
            names = [tag.name for tag in tags]
            tally = await create_each(
                script, page, names,
                lambda at: page.create(tags[at].name, tags[at].color, tags[at].menu_item_names), kind="tag",
            )  # fmt: skip
            return opened.told_in(summarise(tally, "Item tags"))


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
