"""Stripe on the sandbox portal: its values in every country, and every way to its own site."""

import pytest

from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio

USUAL = {
    "enabled": True, "currency": "NZD", "layout": "Accordion without radio button", "theme": "Flat", "label": "Stripe",
    "deliveryLabel": "Stripe", "printLabel": "Paid Online", "maximum": "9999", "minimum": "2",
}  # fmt: skip


@pytest.mark.parametrize("fault", ["none", "stripe_new_tab", "stripe_late"])
async def test_stripe_is_set_up_and_the_way_to_it_is_found(desk: Desk, fault: str) -> None:
    if fault != "none":
        desk.portal.misbehave(fault)

    run = await desk.run("setup-stripe-payments")

    assert run.result["partial"] is False
    assert run.data["stripeConnectUrl"].startswith("http://connect.stripe.com.localhost:")
    assert "/express/oauth/authorize?" in run.data["stripeConnectUrl"]
    assert desk.place()["settings"]["Payments"]["Stripe"] == USUAL


@pytest.mark.parametrize(
    ("fault", "says"), [("stripe_dead", "leads nowhere"), ("stripe_absent", "no button “Connect to Stripe”")]
)
async def test_without_a_way_to_stripe_the_rest_is_saved(desk: Desk, impatient: None, fault: str, says: str) -> None:
    desk.portal.misbehave(fault)

    run = await desk.run("setup-stripe-payments")

    assert run.result["partial"] is True
    assert run.data["stripeConnectUrl"] is None
    assert says in run.message
    assert desk.place()["settings"]["Payments"]["Stripe"] == USUAL


@pytest.mark.parametrize("fault", ["none", "stripe_absent"])
async def test_without_the_link_nobody_leaves_the_portal(desk: Desk, fault: str) -> None:
    """Without the button all rows below stand one higher; the values must be the same."""
    if fault != "none":
        desk.portal.misbehave(fault)

    run = await desk.run("setup-stripe-payments-no-link")

    assert run.data["stripeConnectUrl"] is None
    assert desk.place()["settings"]["Payments"]["Stripe"] == USUAL


@pytest.mark.parametrize(("country", "currency"), [("AU", "AUD"), ("US", "USD"), ("GB", "GBP"), ("CA", "CAD")])
async def test_the_currency_is_the_countrys(desk: Desk, country: str, currency: str) -> None:
    run = await desk.run("setup-stripe-payments-no-link", country=country)

    assert run.data["currency"] == currency
    assert desk.place()["settings"]["Payments"]["Stripe"]["currency"] == currency


async def test_a_save_that_fails_once_fails_the_try_and_the_next_one_finishes(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("save_fails_once")

    broken = await desk.run("setup-stripe-payments-no-link")
    again = await desk.run("setup-stripe-payments-no-link", checkpoints=broken.checkpoints)

    assert broken.code == "ELEMENT_NOT_FOUND"
    assert again.failure is None
    assert len(desk.place()["payments"]) == 1
    assert desk.place()["settings"]["Payments"]["Stripe"] == USUAL
