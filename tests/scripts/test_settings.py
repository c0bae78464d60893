"""Services, system settings and onboarding on the sandbox portal: every value, partial work, and every way to fail."""

from pathlib import Path
from typing import Any

import pytest

from portal_scripts.setup_system_settings import OPEN, SETTINGS, SIGN_IN, STEPS, WEBHOOK
from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio

LOGO = "0a3f0c44-55a7-4e0c-8d5e-5a1f2b3c4d5e"
COMPANY: dict[str, Any] = {
    "nzbn": "9429000000000", "companyName": "Company Ltd", "tradingName": "Trading Name", "directorName": "John Doe",
    "directorMobile": "0211234567",
}  # fmt: skip
SYSTEM: dict[str, Any] = {"gstNumber": "123-456-789", "webhookUrl": "https://orders.example.com/webhook/portal"}
# An earlier try did everything but the webhook.
BUT_WEBHOOK = {
    f"part:{step}": {"name": step, "status": "applied"}
    for step in STEPS
    if step not in {SIGN_IN, OPEN, SETTINGS, WEBHOOK}
}
TIMING = {"first": "0", "last": "15", "days": "8"}
USUAL = {
    "Pickups / Order Timing": TIMING,
    "Pickups / Wait Times & Auto Statuses": {"auto": [True] * 3, "Confirm": "1", "Ready": "15", "Complete": "30"},
    "Deliveries / General": {
        "enabled": True, "provider": None, "mapPicker": True, "streetNumber": True, "streetAddress": True,
    },
    "Deliveries / Conditions": {"minimum": "2"},
    "Deliveries / Order Timing": TIMING,
    "Deliveries / Wait Times & Auto Statuses": {
        "auto": [True] * 4, "Confirm": "1", "Ready": "15", "On Route": "10", "Complete": "30",
    },
    "Deliveries / Custom Checkout Fields": {"fields": []},
    "Dine-Ins / General": {"enabled": False},
    "Table Bookings / General": {"enabled": False},
}  # fmt: skip


async def test_services_get_the_usual_values(desk: Desk) -> None:
    run = await desk.run("setup-services")

    assert len(run.data["applied"]) == 9
    assert desk.place()["settings"]["Services"] == USUAL


async def test_every_value_of_the_services_can_be_another(desk: Desk) -> None:
    run = await desk.run(
        "setup-services", firstOrderOffset=20, lastOrderOffset=45, maximumDaysAhead=3, confirmMinutes=2, readyMinutes=25,
        onRouteMinutes=12, completeMinutes=60, minimumOrder=35, mapPicker=False, forceStreetNumber=False,
        forceStreetAddress=False, removeCheckoutField=False, dineIns=True, tableBookings=True,
    )  # fmt: skip
    services = desk.place()["settings"]["Services"]

    assert run.data["skipped"] == ["Deliveries: checkout field"]
    assert services["Pickups / Order Timing"] == {"first": "20", "last": "45", "days": "3"}
    assert services["Deliveries / Wait Times & Auto Statuses"]["On Route"] == "12"
    assert services["Deliveries / Conditions"] == {"minimum": "35"}
    assert services["Deliveries / General"]["mapPicker"] is False
    assert services["Dine-Ins / General"] == services["Table Bookings / General"] == {"enabled": True}
    assert "Deliveries / Custom Checkout Fields" not in services


async def test_settings_without_the_tab_fail_with_its_name(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("no_services_tab")

    run = await desk.run("setup-services")

    assert run.code == "PERMISSION_DENIED"
    assert "no tab “Services”" in run.message


async def test_a_save_that_fails_once_is_done_again(desk: Desk) -> None:
    desk.portal.misbehave("save_fails_once")

    run = await desk.run("setup-services")

    assert run.result["partial"] is False
    assert desk.place()["settings"]["Services"] == USUAL


async def test_system_settings_and_their_keys(desk: Desk, picture: Path) -> None:
    run = await desk.run(
        "setup-system-settings", files={LOGO: picture}, receiptLogo=LOGO, googleOAuthClientId="client-1", **SYSTEM
    )
    place = desk.place()
    system = place["settings"]["System"]

    assert run.data["skipped"] == []
    assert system["General Settings"]["taxes"] == [{"name": "GST", "rate": "15"}]
    assert system["Location Settings"]["phone"].startswith("+64")
    assert system["Audio Notifications"] == {"sound": "Plucky", "repeat": "5", "stopOnClick": True}
    assert "client-1" in str(system)
    assert picture.name in str(system)
    assert [(made["name"], made["apiKey"]) for made in place["printers"]] == [
        (told["name"], told["apiKey"]) for told in run.data["printers"]
    ]
    assert all(made["footer"] == "GST: 123-456-789" for made in place["printers"])
    assert place["webhooks"][0]["secret"] == run.data["webhookSecret"]


async def test_a_second_run_reads_the_keys_again_and_not_the_webhooks_secret(desk: Desk) -> None:
    first = await desk.run("setup-system-settings", **SYSTEM)
    second = await desk.run("setup-system-settings", **SYSTEM)

    assert [printer["apiKey"] for printer in second.data["printers"]] == [
        printer["apiKey"] for printer in first.data["printers"]
    ]
    assert {printer["status"] for printer in second.data["printers"]} == {"exists"}
    assert second.data["webhookSecret"] is None
    assert "was shown when it was created" in second.log
    assert len(desk.place()["webhooks"]) == 1


async def test_the_secret_of_a_webhook_whose_save_is_not_confirmed_is_kept(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("save_unheard_once")

    run = await desk.run("setup-system-settings", checkpoints=BUT_WEBHOOK, **SYSTEM)

    assert "did not confirm" in run.log
    assert [hook["secret"] for hook in desk.place()["webhooks"]] == [run.data["webhookSecret"]]


async def test_a_webhook_that_could_not_be_created_has_no_secret(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("save_fails")

    run = await desk.run("setup-system-settings", checkpoints=BUT_WEBHOOK, **SYSTEM)

    assert run.state_of(WEBHOOK) == "failed"
    assert run.data["webhookSecret"] is None


async def test_secrets_of_the_portal_are_told_to_nobody_but_the_result(desk: Desk) -> None:
    run = await desk.run("setup-system-settings", **SYSTEM)
    secrets = [run.data["webhookSecret"], *(printer["apiKey"] for printer in run.data["printers"])]
    told = [event for event in run.events if type(event).__name__ != "Hidden"]
    hidden = [event for event in run.events if type(event).__name__ == "Hidden"]

    assert all(secret and secret not in str(told) for secret in secrets)
    assert all(secret in str(hidden) for secret in secrets)


async def test_the_keys_of_other_printers_are_hidden_too(desk: Desk) -> None:
    await desk.run("setup-system-settings")
    other = {"name": "Bar", "apiKey": "RES_PRN_somebody_elses"}
    desk.portal.add(desk.place()["id"], "printers", other)

    run = await desk.run("setup-system-settings")

    hidden = [event for event in run.events if type(event).__name__ == "Hidden"]
    assert "RES_PRN_somebody_elses" in str(hidden)


async def test_an_upload_that_fails_leaves_the_rest_done(desk: Desk, impatient: None, picture: Path) -> None:
    desk.portal.misbehave("upload_fails")

    run = await desk.run("setup-system-settings", files={LOGO: picture}, receiptLogo=LOGO, **SYSTEM)

    assert run.result["partial"] is True
    assert [part["name"] for part in run.data["details"] if part["status"] == "failed"] == ["Upload the receipt logo"]
    assert "did not take the upload of logo.png" in str(run.data["details"])
    assert run.state_of("Upload the receipt logo") == "failed"
    assert len(desk.place()["webhooks"]) == 1


async def test_an_upload_that_fails_once_is_done_again(desk: Desk, picture: Path) -> None:
    desk.portal.misbehave("upload_fails_once")

    run = await desk.run("setup-system-settings", files={LOGO: picture}, receiptLogo=LOGO)

    assert run.result["partial"] is False
    assert picture.name in str(desk.place()["settings"]["System"])


@pytest.mark.parametrize(
    ("country", "tax", "phone"),
    [("AU", {"name": "GST", "rate": "10"}, "+61"), ("GB", {"name": "VAT", "rate": "20"}, "+44"), ("US", {"name": "Tax", "rate": "0"}, "+1")],
)  # fmt: skip
async def test_tax_and_phone_follow_the_country(desk: Desk, country: str, tax: Any, phone: str) -> None:
    run = await desk.run("setup-system-settings", country=country, gstNumber="1")
    system = desk.place()["settings"]["System"]

    assert run.failure is None
    assert system["General Settings"]["taxes"] == [tax]
    assert system["Location Settings"]["phone"].startswith(phone)


async def test_onboarding_is_finalised(desk: Desk) -> None:
    run = await desk.run("finalise-onboarding", **COMPANY)
    place = desk.place()

    assert run.result["partial"] is False
    assert place["integrations"]["uber"] == {
        "enabled": True, "nzbn": "9429000000000", "company": "Company Ltd", "trading": "Trading Name",
        "director": "John Doe", "mobile": "0211234567", "agreed": True,
    }  # fmt: skip
    assert place["settings"]["Services"]["Deliveries / General"]["provider"] == "Uber"


async def test_an_account_without_uber_is_told(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("uber_absent")

    run = await desk.run("finalise-onboarding", **COMPANY)

    # A lack that is certain is not tried again, and what rests on it is not begun.
    assert run.code == "PERMISSION_DENIED"
    assert "There is no card “Uber Delivery Management”" in run.message
    assert "Trying once more" not in run.log
    assert "“Switch on Uber's delivery management” comes first." in run.log
    assert desk.writes == 0


async def test_without_the_services_tab_uber_is_on_and_the_provider_is_not(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("no_services_tab")

    run = await desk.run("finalise-onboarding", **COMPANY)

    assert run.result["partial"] is True
    assert run.data["applied"] == ["Switch on Uber's delivery management"]
    assert "1 could not be set: Make Uber the delivery provider" in run.message
