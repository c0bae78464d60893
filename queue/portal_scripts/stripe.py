"""What the two Stripe jobs share: adding and configuring Stripe, with or without the way to its owner's account."""

from typing import Literal

from pydantic import BaseModel, Field

from portal_scripts.countries import COUNTRIES
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.payments import Payments
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.portal_payload import PortalPayload
from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.script import Script

PAYMENTS = "Open the payments"
CONFIGURE = "Add and configure Stripe"
CONNECT = "Connect to Stripe"
STEPS = (SIGN_IN, OPEN, SETTINGS, PAYMENTS, CONFIGURE)


class Payload(PortalPayload):
    """Nothing beyond the restaurant; the currency comes from the country."""


class Data(BaseModel):
    """What was set, and where the owner goes to connect the account."""

    method: Literal["created", "exists"]
    currency: str
    stripe_connect_url: str | None = Field(None, serialization_alias="stripeConnectUrl")


class Result(face.Result):
    """The result of the job."""

    data: Data


async def set_up_stripe(script: Script, payload: Payload, *, connect: bool) -> Result:
    """Add Stripe unless it is there, set it up, and read the address of its connection.

    Raises the errors of the pages. A connection that cannot be read completes the job in part: the rest is saved.
    """
    page = Payments(script)
    currency = COUNTRIES[payload.country].currency
    url: str | None = None
    trouble: ScriptError | None = None
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(SETTINGS):
            await open_settings(script)
        async with script.step(PAYMENTS):
            await page.open()
        async with script.step(CONFIGURE):
            is_new = await page.add_stripe()
            await script.log("Stripe was added." if is_new else "Stripe is there already; it is only configured.")
            await page.configure(currency)
        if connect:
            try:
                async with script.step(CONNECT), script.attempt():
                    url = await page.connect()
            except ScriptError as error:
                trouble = error
                await script.log(error.message, "error")
    said = f"Stripe is set up in {currency}."
    if trouble:
        said = f"{said} The address to connect it could not be read: {trouble.message} Press the button on the portal."
    result = Result(
        partial=trouble is not None, message=said,
        data=Data(method="created" if is_new else "exists", currency=currency, stripe_connect_url=url),
    )  # fmt: skip
    return opened.told_in(result)
