"""Registering a restaurant and creating an API key on the sandbox portal."""

from typing import Any

import pytest

from scriptjobs.errors import InvalidPayload
from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio


def place(**changes: Any) -> dict[str, Any]:
    return {
        "restaurantName": "Wok & Roll", "address": "12 Example Street, Christchurch 8011", "phone": "03 456 7890",
        **changes,
    }  # fmt: skip


async def test_a_restaurant_is_registered_as_asked(desk: Desk) -> None:
    hours = [
        {"day": "Monday", "open": "11:00", "close": "14:00"},
        {"day": "Monday", "open": "17:00", "close": "22:00"},
        {"day": "Sunday", "open": "20:00", "close": "01:30"},
    ]
    given = place(openingHours=hours, timezone="Perth", country="AU", phone="0412 345 678")
    run = await desk.run("register-restaurant", **given)
    made = desk.place("Wok & Roll")
    asked = made["registered"]

    assert run.data["restaurantId"] == made["id"]
    assert run.data["dashboardUrl"].endswith(f"/restaurant/{made['id']}")
    assert run.data["status"] == "created"
    assert asked["subdomain"] == "wokroll"
    assert asked["phone"] == "+61412345678"
    assert asked["address"].startswith("12 Example Street")
    assert (asked["timezone"], asked["currency"], asked["locale"]) == ("Perth", "AUD", "English (Australia)")
    assert [(slot["day"], slot["open"], slot["close"]) for slot in asked["hours"]] == [
        ("Monday", "11:00", "14:00"), ("Monday", "17:00", "22:00"), ("Sunday", "20:00", "23:59"),
        ("Monday", "00:00", "01:30"),
    ]  # fmt: skip


async def test_without_hours_it_gets_the_usual_ones(desk: Desk) -> None:
    await desk.run("register-restaurant", **place())
    hours = desk.place("Wok & Roll")["registered"]["hours"]

    assert [(slot["open"], slot["close"]) for slot in hours] == [
        *[("09:00", "21:30")] * 4, *[("09:00", "23:00")] * 2, ("10:30", "20:30"),
    ]  # fmt: skip


async def test_one_that_is_there_is_found_and_not_doubled(desk: Desk) -> None:
    run = await desk.run("register-restaurant", **place(restaurantName="CURRY  garden"))

    assert run.data["status"] == "exists"
    assert run.data["restaurantId"] == desk.place()["id"]
    assert desk.writes == 0


async def test_a_similar_name_is_another_restaurant(desk: Desk) -> None:
    run = await desk.run("register-restaurant", **place(restaurantName="Curry Garden Riverside"))

    assert run.data["status"] == "created"
    assert run.data["restaurantId"] == desk.place("Curry Garden Riverside")["id"] != desk.place()["id"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("subdomain_taken", "This subdomain is already taken"), ("no_address", "finds no address with “12 Example Street”")],
)  # fmt: skip
async def test_what_the_portal_refuses_is_for_a_person_to_correct(
    desk: Desk, impatient: None, fault: str, says: str
) -> None:
    desk.portal.misbehave(fault)

    run = await desk.run("register-restaurant", **place())

    assert run.code == "VALIDATION_ERROR"
    assert says in run.message
    assert len(desk.portal.state()["accounts"]["demo@example.com"]["restaurants"]) == 5


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"phone": "12"}, "phone", "“12” is no phone number of NZ"),
        ({"restaurantName": "寿司"}, "subdomain", "no letter or digit"),
        ({"openingHours": [{"day": "Monday", "open": "09:00", "close": "09:00"}]}, "openingHours.0.close", "09:00"),
    ],
)
async def test_bad_input_names_its_field_and_never_reaches_the_portal(
    desk: Desk, changes: dict[str, Any], path: str, says: str
) -> None:
    with pytest.raises(InvalidPayload) as raised:
        await desk.run("register-restaurant", **place(**changes))

    [fault] = raised.value.details["fields"]
    assert fault["path"] == path
    assert says in fault["message"]
    assert desk.portal.state()["sessions"] == 0


async def test_a_key_opens_every_restaurant_of_the_account(desk: Desk) -> None:
    desk.portal.misbehave("many_restaurants")

    run = await desk.run("create-api-key", keyName="Till")
    (made,) = desk.portal.state()["accounts"]["demo@example.com"]["keys"]

    assert run.data == {
        "apiKey": made["key"], "apiKeyName": "Till", "restaurantsConfigured": 60, "status": "created",
    }  # fmt: skip
    assert len(made["access"]) == len(set(made["access"])) == 60
    assert made["key"] not in str([event for event in run.events if type(event).__name__ != "Hidden"])


async def test_an_account_with_one_restaurant_has_nothing_to_choose(desk: Desk) -> None:
    desk.portal.reset({"demo@example.com": ["Curry Garden"]})

    run = await desk.run("create-api-key")

    assert run.data["restaurantsConfigured"] == 1


async def test_a_key_that_is_not_shown_is_no_success(desk: Desk, impatient: None) -> None:
    desk.portal.misbehave("key_hidden")

    run = await desk.run("create-api-key")

    assert run.code == "PERMISSION_DENIED"
    assert "Delete it on the developers page" in run.message
