"""Sets the firm's usual values for pickups and deliveries, and switches dine-ins and table bookings off.

A second run sets the same values again; toggles are set to a state, never flipped. A section that cannot be set is left
and told, the others are set.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from portal_scripts.applying import Result, parts_of
from portal_scripts.outcomes import Part, apply_parts
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.pages.services import Services, Timing
from portal_scripts.portal_payload import PortalPayload
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

Minutes = Annotated[int, Field(ge=0, le=1_440)]
# On the portal this is the first checkout field of deliveries in every new restaurant.
_DEFAULT_FIELD = "Request No Contact Delivery"
_ADVANCED: JsonDict = {"x-advanced": True}


class Payload(PortalPayload):
    """Every value that is set; minutes, unless said otherwise."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)

    first_order_offset: Minutes = Field(0, title="First order after opening (minutes)", json_schema_extra=_ADVANCED)
    last_order_offset: Minutes = Field(15, title="Last order before closing (minutes)", json_schema_extra=_ADVANCED)
    maximum_days_ahead: int = Field(
        8, ge=0, le=365, title="Days that can be ordered ahead", json_schema_extra=_ADVANCED
    )
    confirm_minutes: Minutes = Field(1, title="Confirmed after (minutes)", json_schema_extra=_ADVANCED)
    ready_minutes: Minutes = Field(15, title="Ready after (minutes)", json_schema_extra=_ADVANCED)
    on_route_minutes: Minutes = Field(10, title="On route after (minutes)", json_schema_extra=_ADVANCED)
    complete_minutes: Minutes = Field(30, title="Complete after (minutes)", json_schema_extra=_ADVANCED)
    minimum_order: int = Field(2, ge=0, le=1_000, title="Least order for delivery", json_schema_extra=_ADVANCED)
    map_picker: bool = Field(default=True, title="Customers may pick the place on a map", json_schema_extra=_ADVANCED)
    force_street_number: bool = Field(default=True, title="A street number is needed", json_schema_extra=_ADVANCED)
    force_street_address: bool = Field(default=True, title="An exact address is needed", json_schema_extra=_ADVANCED)
    remove_checkout_field: bool = Field(
        default=True, title="Remove the default checkout field", json_schema_extra=_ADVANCED
    )
    dine_ins: bool = Field(default=False, title="Dine-ins", json_schema_extra=_ADVANCED)
    table_bookings: bool = Field(default=False, title="Table bookings", json_schema_extra=_ADVANCED)


SERVICES = "Open the services"
PICKUP_TIMING, PICKUP_WAITS = "Pickups: order timing", "Pickups: wait times"
DELIVERY_ADDRESS, DELIVERY_MINIMUM = "Deliveries: address", "Deliveries: least order"
DELIVERY_TIMING, DELIVERY_WAITS = "Deliveries: order timing", "Deliveries: wait times"
CHECKOUT, DINE_INS, BOOKINGS = "Deliveries: checkout field", "Dine-ins", "Table bookings"
PARTS = (
    PICKUP_TIMING, PICKUP_WAITS, DELIVERY_ADDRESS, DELIVERY_MINIMUM, DELIVERY_TIMING, DELIVERY_WAITS, CHECKOUT,
    DINE_INS, BOOKINGS,
)  # fmt: skip
STEPS = (SIGN_IN, OPEN, SETTINGS, SERVICES, *PARTS)


async def run(script: Script, payload: Payload) -> Result:
    """Set the services. Raises the errors of the pages, and NothingDone when nothing could be set."""
    page = Services(script)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(SETTINGS):
            await open_settings(script)
        async with script.step(SERVICES):
            await page.open()
        tally = await apply_parts(script, _parts(script, page, payload), page.reopen)
    said, data = parts_of(tally, "Services")
    result = Result(partial=bool(tally.failed), message=said, warnings=tally.warnings, data=data)
    return opened.told_in(result)


def _parts(script: Script, page: Services, payload: Payload) -> list[Part]:
    timing = Timing(payload.first_order_offset, payload.last_order_offset, payload.maximum_days_ahead)
    early = {"Confirm": payload.confirm_minutes, "Ready": payload.ready_minutes}
    pickup = early | {"Complete": payload.complete_minutes}
    delivery = early | {"On Route": payload.on_route_minutes, "Complete": payload.complete_minutes}

    async def remove_field() -> None:
        if not await page.remove_checkout_field(_DEFAULT_FIELD):
            await script.log(f"The checkout field “{_DEFAULT_FIELD}” is not there; nothing is removed.")

    return [
        Part(step=PICKUP_TIMING, work=lambda: page.set_pickup_timing(timing)),
        Part(step=PICKUP_WAITS, work=lambda: page.set_pickup_waits(pickup)),
        Part(
            step=DELIVERY_ADDRESS,
            work=lambda: page.set_delivery_address(
                map_picker=payload.map_picker,
                street_number=payload.force_street_number,
                street_address=payload.force_street_address,
            ),
        ),
        Part(step=DELIVERY_MINIMUM, work=lambda: page.set_delivery_minimum(payload.minimum_order)),
        Part(step=DELIVERY_TIMING, work=lambda: page.set_delivery_timing(timing)),
        Part(step=DELIVERY_WAITS, work=lambda: page.set_delivery_waits(delivery)),
        Part(
            step=CHECKOUT,
            work=remove_field,
            skipped=None if payload.remove_checkout_field else "the checkout field is to stay.",
        ),
        Part(step=DINE_INS, work=lambda: page.enable(3, "Dine-Ins", on=payload.dine_ins)),
        Part(step=BOOKINGS, work=lambda: page.enable(4, "Table Bookings", on=payload.table_bookings)),
    ]


JOB_TYPE = JobType(
    name="setup-services",
    title="Set up services",
    description="Sets times, conditions and automatic statuses of pickups and deliveries; switches other services off.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    examples=({"email": "owner@example.com", "password": "example-password", "restaurantName": "Test Restaurant"},),
)
