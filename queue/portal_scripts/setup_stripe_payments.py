"""Adds and configures Stripe at Settings > Payments, and reads the address where the owner connects the account.

A second run adds nothing: Stripe is found and set to the same values again.
"""

from portal_scripts.pages.payments import STRIPE_HOSTS
from portal_scripts.stripe import CONNECT, STEPS, Payload, Result, set_up_stripe
from scriptjobs.job_types import JobType
from scriptjobs.script import Script


async def run(script: Script, payload: Payload) -> Result:
    """Set Stripe up and read the connection's address. Raises the errors of the pages."""
    return await set_up_stripe(script, payload, connect=True)


JOB_TYPE = JobType(
    name="setup-stripe-payments",
    title="Set up Stripe",
    description="Adds Stripe as a payment method, configures it, and gives the address where the owner connects it.",
    payload=Payload,
    result=Result,
    steps=(*STEPS, CONNECT),
    repeatable=True,
    run=run,
    hosts=STRIPE_HOSTS,
    examples=({"email": "owner@example.com", "password": "example-password", "restaurantName": "Test Restaurant"},),
)
