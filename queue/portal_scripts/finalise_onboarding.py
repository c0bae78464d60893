"""Switches on Uber's delivery management with the company's data, and makes Uber the provider of deliveries.

A second run sets the same values again. When Uber is on and only the provider cannot be chosen, the job completes in
part. Before: Stripe connected, the country AU or NZ, Google Maps as the map, the phone with its country code.
"""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from portal_scripts.applying import Result, parts_of
from portal_scripts.outcomes import Part, apply_parts
from portal_scripts.pages.integrations import Company, Integrations
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.pages.services import Services
from portal_scripts.portal_payload import Name, Phone, PortalPayload
from scriptjobs.job_types import JobType
from scriptjobs.script import Script
from scriptjobs.wording import matching

_is_nzbn = matching(r"\d{13}", "must have 13 digits")


class Payload(PortalPayload):
    """The company's legal data."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)

    nzbn: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_is_nzbn)] = Field(
        title="NZBN", description="The company's number in the register, 13 digits."
    )
    company_name: Name = Field(title="Company name", description="As registered.")
    trading_name: Name = Field(title="Trading name")
    director_name: Name = Field(title="Director's full name")
    director_mobile: Phone = Field(title="Director's mobile", description="Local or international.")


UBER = "Switch on Uber's delivery management"
PROVIDER = "Make Uber the delivery provider"
STEPS = (SIGN_IN, OPEN, SETTINGS, UBER, PROVIDER)


async def run(script: Script, payload: Payload) -> Result:
    """Finalise. Raises the errors of the pages, and NothingDone when neither part could be done."""
    company = Company(
        payload.nzbn, payload.company_name, payload.trading_name, payload.director_name, payload.director_mobile
    )
    integrations, services = Integrations(script), Services(script)

    async def enable() -> None:
        await integrations.open()
        await integrations.enable_uber(company)

    async def choose() -> None:
        await services.open()
        await services.set_provider("Uber")

    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(SETTINGS):
            await open_settings(script)
        tally = await apply_parts(
            script, [Part(step=UBER, work=enable), Part(step=PROVIDER, work=choose, needs=UBER)], integrations.reopen
        )
    said, data = parts_of(tally, "Onboarding")
    result = Result(partial=bool(tally.failed), message=said, warnings=tally.warnings, data=data)
    return opened.told_in(result)


JOB_TYPE = JobType(
    name="finalise-onboarding",
    title="Finalise onboarding",
    description="Switches on Uber's delivery management with the company's data and makes Uber the delivery provider.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    expected_ms=90_000,
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "nzbn": "9429000000000",
            "companyName": "Company Ltd",
            "tradingName": "Trading Name",
            "directorName": "John Doe",
            "directorMobile": "0211234567",
        },
    ),
)
