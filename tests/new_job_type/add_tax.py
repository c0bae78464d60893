"""Creates a tax at Settings > System > General Settings. A second run finds the tax and creates nothing."""

from typing import Literal

from pydantic import BaseModel, Field

from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.pages.system import System
from portal_scripts.portal_payload import Name, PortalPayload
from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import Script


class Payload(PortalPayload):
    """The tax."""

    name: Name = Field(title="Name of the tax")
    rate: int = Field(title="Percent", ge=0, le=100)


class Data(BaseModel):
    """What became of it."""

    status: Literal["created", "exists"]


class Result(face.Result):
    """The result of the job."""

    data: Data


TAX = "Create the tax"
STEPS = (SIGN_IN, OPEN, SETTINGS, TAX)


async def run(script: Script, payload: Payload) -> Result:
    """Create the tax. Raises the errors of the pages."""
    page = System(script)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(SETTINGS):
            await open_settings(script)
        async with script.step(TAX):
            await page.open()
            is_new = await page.add_tax(payload.name, payload.rate)
    status = "created" if is_new else "exists"
    return opened.told_in(Result(message=f"The tax {payload.name} {status}.", data=Data(status=status)))


JOB_TYPE = JobType(
    name="add-tax",
    title="Add a tax",
    description="Creates a tax in the restaurant's general settings.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    examples=(
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "name": "GST",
            "rate": 15,
        },
    ),
)
