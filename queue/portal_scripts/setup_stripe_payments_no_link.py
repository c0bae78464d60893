"""Adds and configures Stripe at Settings > Payments, and leaves its connection to be made later.

A second run adds nothing: Stripe is found and set to the same values again.
"""

from portal_scripts.stripe import STEPS, Payload, Result, set_up_stripe
from scriptjobs.job_types import JobType
from scriptjobs.script import Script


async def run(script: Script, payload: Payload) -> Result:
    """Set Stripe up. Raises the errors of the pages."""
    return await set_up_stripe(script, payload, connect=False)


JOB_TYPE = JobType(
    name="setup-stripe-payments-no-link",
    title="Set up Stripe without connecting",
    description="Adds Stripe as a payment method and configures it. The owner's account is connected later.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    repeatable=True,
    run=run,
    examples=({"email": "owner@example.com", "password": "example-password", "restaurantName": "Test Restaurant"},),
)
