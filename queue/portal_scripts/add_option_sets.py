"""Creates option sets (sizes, extras) at Menus > Option Sets, with their options, and ticks the items that use them.

A second run creates nothing: a set whose tile is there counts as `exists`. A set that fails is tried once more; what
then still fails stands in `details` and the job completes in part. Each set that is done is a checkpoint, so a job that
was broken off goes on with the next one: five hundred sets take an hour.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from portal_scripts.creating import Result, create_each, summarise
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.option_sets import OptionSet as Filled
from portal_scripts.pages.option_sets import OptionSets
from portal_scripts.pages.restaurant import MENUS, OPEN, open_menus, open_restaurant_of
from portal_scripts.portal_payload import DishName, Line, Name, PortalPayload, each_once, twins
from scriptjobs.job_types import JobType
from scriptjobs.prices import read_price, split_price
from scriptjobs.script import Script


def _read_price(value: Any) -> Any:
    """A price that comes as a text is read as in a menu file."""
    if not isinstance(value, str):
        return value
    try:
        return read_price(value).amount
    except ValueError as error:
        raise ValueError(f"“{value[:40]}” {error}") from error


def _with_cents(value: Decimal) -> Decimal:
    """One way to store a price, so that 4.5 by the API and 4.50 by a form are the same job."""
    return abs(value.quantize(Decimal("0.01")))  # JSON knows a -0.0


class Option(BaseModel):
    """One option of a set."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    price: Annotated[
        Decimal, Field(ge=0, le=1_000, decimal_places=2), BeforeValidator(_read_price), AfterValidator(_with_cents)
    ] = Decimal("0.00")


def _read_line(value: Any) -> Any:
    """A form gives one option a line: its name, and its price at the end (`Large 4.00`, `Large $4`, `Large 4,00 €`)."""
    if not isinstance(value, str):
        return value
    name, price = split_price(value)
    return {"name": name, "price": price or 0}


class OptionSet(BaseModel):
    """One set. `max_selections` above 1 lets a customer take several of one kind."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Name = Field(title="Name")
    display_name: Line | None = Field(
        None, validation_alias=twins("display_name", "displayName"), max_length=120, title="Name that customers see"
    )
    is_required: bool = Field(default=False, validation_alias=twins("is_required", "isRequired"), title="Required")
    multiple_selections_allowed: bool = Field(
        default=False, validation_alias=twins("multiple_selections_allowed", "multipleSelectionsAllowed"),
        title="Several may be chosen",
    )  # fmt: skip
    min_selections: int = Field(
        0, ge=0, le=100, validation_alias=twins("min_selections", "minSelections"), title="At least"
    )
    max_selections: int = Field(
        1, ge=0, le=100, validate_default=True, title="At most",
        validation_alias=twins("max_selections", "maxSelections"),
    )  # fmt: skip
    items: Annotated[list[Annotated[Option, BeforeValidator(_read_line)]], AfterValidator(each_once)] = Field(
        default_factory=list, max_length=200, title="Options",
        description="One a line, with its price at the end: Large 4.00, or Large $4",
        json_schema_extra={"x-one-a-line": True},
    )  # fmt: skip
    description: str | None = Field(None, json_schema_extra={"x-hidden": True})
    menu_item_names: list[DishName] = Field(
        default_factory=list, alias="menuItemNames", validation_alias=twins("menuItemNames", "menu_item_names"),
        title="Menu items, one a line", max_length=2_000,
    )  # fmt: skip

    @field_validator("max_selections")
    @classmethod
    def _can_be_met(cls, value: int, info: ValidationInfo) -> int:
        least = info.data.get("min_selections", 0)
        if value and least > value:
            raise ValueError(f"{value} is less than the {least} that must be chosen at least")
        return value


class Payload(PortalPayload):
    """The sets to create."""

    option_sets: Annotated[list[OptionSet], AfterValidator(each_once)] = Field(
        min_length=1, max_length=500, title="Option sets", alias="optionSets",
        validation_alias=twins("optionSets", "option_sets"),
    )  # fmt: skip


SETS = "Open the option sets"
CREATE = "Create the option sets"
STEPS = (SIGN_IN, OPEN, MENUS, SETS, CREATE)


async def run(script: Script, payload: Payload) -> Result:
    """Create the sets. Raises the errors of the pages, and NothingDone when not one set is there at the end."""
    wanted = [_fill(option_set) for option_set in payload.option_sets]
    page = OptionSets(script)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(MENUS):
            await open_menus(script)
        async with script.step(SETS):
            await page.open()
        async with script.step(CREATE):
            names = [option_set.name for option_set in wanted]
            tally = await create_each(script, page, names, lambda index: page.create(wanted[index]), kind="set")
            return opened.told_in(summarise(tally, "Option sets"))


def _fill(option_set: OptionSet) -> Filled:
    """The set as the form takes it: prices with two decimals, and blank where an option is free."""
    return Filled(
        name=option_set.name,
        display_name=option_set.display_name or option_set.name,
        is_required=option_set.is_required,
        is_multiple=option_set.multiple_selections_allowed,
        minimum=option_set.min_selections,
        maximum=option_set.max_selections,
        options=[(option.name, f"{option.price:.2f}" if option.price else None) for option in option_set.items],
        items=option_set.menu_item_names,
    )


JOB_TYPE = JobType(
    name="add-option-sets",
    title="Add option sets",
    description="Creates option sets such as sizes or extras in the restaurant's menus and ticks their menu items.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    repeatable=True,
    run=run,
    timeout_ms=3_600_000,
    expected_ms=60_000,
    size_of=lambda payload: len(payload.option_sets),
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "optionSets": [
                {
                    "name": "Choose your size",
                    "is_required": True,
                    "min_selections": 1,
                    "items": [{"name": "Regular", "price": 0}, {"name": "Large", "price": 4.5}],
                    "menuItemNames": ["Half Chicken"],
                }
            ],
        },
    ),
)
