"""Creates a restaurant in an existing portal account, and reads its id.

A second run creates nothing: a restaurant of exactly this name counts as `exists`, and its id is read. The portal takes
one new restaurant a minute, so the queue begins these jobs a minute apart.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from portal_scripts.countries import COUNTRIES, international
from portal_scripts.opening_hours import DEFAULT_HOURS, Day, Slot, split_nights
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.new_restaurant import NewRestaurant
from portal_scripts.pages.restaurant import OPEN, names_on_dashboard, open_restaurant
from portal_scripts.portal_payload import AccountPayload, Line, Phone, one_line, twins
from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.names import is_same_name
from scriptjobs.script import Script
from scriptjobs.wording import matching

Time = Annotated[str, AfterValidator(matching(r"([01]\d|2[0-3]):[0-5]\d", "is no time; write it as HH:MM"))]
_is_label = matching(r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]", "must have 4 to 63 small letters, digits or hyphens")
Subdomain = Annotated[str, AfterValidator(_is_label)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=5, max_length=300), AfterValidator(one_line)
]


class Hours(BaseModel):
    """One time slot; a closing time before the opening time is on the next day."""

    model_config = ConfigDict(extra="forbid")

    day: Day = Field(title="Day")
    open: Time = Field(title="Opens", description="HH:MM")
    close: Time = Field(title="Closes", description="HH:MM")

    @field_validator("close")
    @classmethod
    def _is_open(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("open"):
            raise ValueError(f"is the time of opening as well, {value}")
        return value


class Payload(AccountPayload):
    """The new restaurant."""

    address: Address = Field(
        title="Address", description="In full, as a letter would need it: 12 Example Street, Christchurch 8011"
    )
    phone: Phone = Field(title="Phone", description="Local or international.")
    opening_hours: list[Hours] = Field(
        default_factory=lambda: [Hours(day=slot.day, open=slot.open, close=slot.close) for slot in DEFAULT_HOURS],
        title="Opening hours", alias="openingHours", validation_alias=twins("openingHours", "opening_hours"),
        min_length=1, max_length=70, json_schema_extra={"x-presets": [slot._asdict() for slot in DEFAULT_HOURS]},
    )  # fmt: skip
    subdomain: Subdomain | None = Field(
        None, title="Subdomain", validate_default=True,
        description="Of the shop's address; made from the name when left empty.",
        json_schema_extra={"x-advanced": True},
    )  # fmt: skip
    timezone: Annotated[Line, StringConstraints(max_length=60)] | None = Field(
        None, title="City of the time zone", description="As the portal lists it, for example Perth.",
        json_schema_extra={"x-advanced": True},
    )  # fmt: skip

    @field_validator("subdomain", "timezone", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("subdomain")
    @classmethod
    def _can_be_made(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and subdomain_of(info.data.get("restaurant_name", "name")).endswith("-"):
            raise ValueError("is missing: the restaurant's name has no letter or digit of which to make one")
        return value


class Data(BaseModel):
    """The restaurant on the portal."""

    restaurant_id: str = Field(serialization_alias="restaurantId")
    subdomain: str
    dashboard_url: str = Field(serialization_alias="dashboardUrl")
    status: Literal["created", "exists"]


class Result(face.Result):
    """The result of the job."""

    data: Data


LOOK = "Look whether the restaurant exists"
FILL = "Fill in name and address"
HOURS = "Set the opening hours"
REGION = "Set language, time zone and currency"
CREATE = "Create the restaurant"
STEPS = (SIGN_IN, LOOK, FILL, HOURS, REGION, CREATE, OPEN)


async def run(script: Script, payload: Payload) -> Result:
    """Create the restaurant, or find it. Raises the errors of the pages."""
    subdomain = payload.subdomain or subdomain_of(payload.restaurant_name)
    async with signed_in(script, payload):
        async with script.step(LOOK):
            names = await names_on_dashboard(script)
            is_there = any(is_same_name(name, payload.restaurant_name) for name in names)
        if is_there:
            await script.log(f"“{payload.restaurant_name}” exists already; nothing is created.")
        else:
            await _create(script, payload, subdomain)
        async with script.step(OPEN):
            opened = await open_restaurant(script, payload.restaurant_name)
    # One that a broken-off try of this job created is ours.
    is_ours = not is_there or bool(script.checkpoints.get("creating"))
    return Result(
        message=f"“{opened.name}” {'is registered' if is_ours else 'was registered already'}: {opened.id}.",
        restaurant=opened.name,
        data=Data(
            restaurant_id=opened.id, subdomain=f"{subdomain}.{shop_domain(script.portal_url)}",
            dashboard_url=f"{script.portal_url}/restaurant/{opened.id}", status="created" if is_ours else "exists",
        ),
    )  # fmt: skip


async def _create(script: Script, payload: Payload, subdomain: str) -> None:
    country = COUNTRIES[payload.country]
    form = NewRestaurant(script)
    async with script.step(FILL):
        await form.open()
        await form.fill(payload.restaurant_name, subdomain, international(payload.phone, payload.country))
        await form.find_address(payload.address)
    async with script.step(HOURS):
        slots = split_nights([Slot(slot.day, slot.open, slot.close) for slot in payload.opening_hours])
        await form.set_hours(slots)
    async with script.step(REGION):
        await form.set_region(country.locale, payload.timezone or country.city, country.currency)
    async with script.step(CREATE):
        await script.checkpoint("creating")
        await form.create(payload.restaurant_name)


def subdomain_of(name: str) -> str:
    """The name's letters and digits, in lower case; with a prefix when fewer than four are left."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return letters if len(letters) >= 4 else f"order-{letters}"


def shop_domain(portal_url: str) -> str:
    """The host below which the shops are."""
    return (urlsplit(portal_url).hostname or "").removeprefix("admin.")


JOB_TYPE = JobType(
    name="register-restaurant",
    title="Register a restaurant",
    description="Creates the restaurant in its portal account, with address, opening hours, currency and time zone.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    expected_ms=90_000,
    account_rate_ms=60_000,
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "address": "12 Example Street, Christchurch 8011, New Zealand",
            "phone": "03 456 7890",
            "openingHours": [{"day": "Friday", "open": "17:00", "close": "03:00"}],
        },
    ),
)
