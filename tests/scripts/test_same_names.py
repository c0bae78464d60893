"""The same name is the same name on the portal too, and a name that is merely near is nobody's restaurant."""

from pathlib import Path
from typing import Any

import pytest

from tests.scripts.desk import Desk
from tests.scripts.everything import configured, files

pytestmark = pytest.mark.anyio
MENU = "6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11"
HOOK = "https://orders.example.com/webhook/portal"


def tags(*names: str, **more: Any) -> dict[str, Any]:
    return {"itemTags": [{"name": name, "color": "#123456", **more} for name in names]}


async def test_the_menu_of_a_neighbour_is_not_overwritten(desk: Desk, tmp_path: Path) -> None:
    desk.portal.reset({"demo@example.com": ["Pizza Hut 2", "Curry House"]})
    before = configured(desk)

    run = await desk.run("import-csv-menu", files=files(tmp_path), csvFile=MENU, restaurantName="Pizza Hut 1")

    assert run.code == "RESTAURANT_AMBIGUOUS"
    assert "Did you mean “Pizza Hut 2”?" in run.message
    assert configured(desk) == before


@pytest.mark.parametrize("wanted", ["curry  GARDEN", "Curry\u00a0Garden", "Curry\u200b Garden"])
async def test_one_that_is_only_typed_otherwise_is_opened_without_a_word(desk: Desk, wanted: str) -> None:
    run = await desk.run("add-item-tags", restaurantName=wanted, **tags("New"))

    assert (run.result["restaurant"], "askedFor" in run.result) == ("Curry Garden", False)
    assert len(desk.place()["tags"]) == 1


async def test_the_result_names_the_restaurant_that_was_opened(desk: Desk) -> None:
    run = await desk.run("add-item-tags", restaurantName="garden", **tags("New"))

    assert (run.result["restaurant"], run.result["askedFor"]) == ("Curry Garden", "garden")
    assert "In “Curry Garden” (asked for: “garden”)" in run.message


async def test_an_id_of_the_portal_leads_there_and_the_name_is_checked(desk: Desk) -> None:
    desk.portal.reset({"demo@example.com": ["Curry Garden", "curry garden", "Wok"]})
    second, wok = desk.place("curry garden"), desk.place("Wok")

    run = await desk.run("add-item-tags", portalRestaurantId=second["id"], **tags("New"))
    other = await desk.run("add-item-tags", portalRestaurantId=wok["id"], **tags("New"))
    without = await desk.run("add-item-tags", **tags("New"))

    assert run.result["restaurant"] == "curry garden"
    assert [len(desk.place(name)["tags"]) for name in ("Curry Garden", "curry garden", "Wok")] == [0, 1, 0]
    assert (other.code, without.code) == ("RESTAURANT_AMBIGUOUS", "RESTAURANT_AMBIGUOUS")
    assert "is called “Wok”, not “Curry Garden”" in other.message


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ("Gluten  Free", "Gluten Free"),
        ("Gluten\tFree", "gluten free"),
        ("Chef’s", "Chef's"),
        ("New\u200b", "New"),
        ("A\nB", "A B"),
    ],
)
async def test_a_tag_that_is_there_is_not_created_again(desk: Desk, there: str, wanted: str) -> None:
    desk.portal.add(desk.place()["id"], "tags", {"name": there, "color": "#111111", "items": []})
    desk.portal.add(desk.place()["id"], "optionSets", {"name": there, "options": [], "items": []})

    made = await desk.run("add-item-tags", **tags(wanted))
    sets = await desk.run("add-option-sets", optionSets=[{"name": wanted}])

    assert made.data["itemsExisting"] == sets.data["itemsExisting"] == 1
    assert len(desk.place()["tags"]) == len(desk.place()["optionSets"]) == 1


async def test_names_with_two_blanks_are_confirmed_as_the_page_shows_them(desk: Desk) -> None:
    for _ in range(2):
        run = await desk.run("add-item-tags", **tags("Gluten  Free", "Nut\u00a0Free"))

        assert run.result["partial"] is False
    assert [tag["name"] for tag in desk.place()["tags"]] == ["Gluten Free", "Nut Free"]


async def test_dishes_that_are_not_on_the_menu_are_warnings_also_after_a_resume(desk: Desk) -> None:
    dishes = ["chicken  TIKKA", "Chicken Tikka", "Not on the menu", "not on the MENU"]
    first = await desk.run("add-item-tags", **tags("One", menuItemNames=dishes))
    again = await desk.run("add-item-tags", checkpoints=first.checkpoints, **tags("One", menuItemNames=dishes))

    assert first.data["itemsAssigned"] == 2  # “Chicken Tikka” stands in two categories
    assert first.result["warnings"] == ["“Not on the menu” is not on the menu, so “One” was not set for it."]
    assert again.result["warnings"] == first.result["warnings"]
    assert first.result["partial"] is False


async def test_printers_taxes_webhooks_and_keys_are_found_in_another_spelling(desk: Desk) -> None:
    place = desk.place()["id"]
    for name in ("receipt ", "KITCHEN"):
        desk.portal.add(place, "printers", {"name": name, "apiKey": f"RES_PRN_{name.strip().lower()}_00000000"})
    desk.portal.add(
        place, "webhooks", {"url": "https://ORDERS.example.com:443/webhook/portal/", "secret": "whsec_0123456789"}
    )
    await desk.run("create-api-key", keyName="The  Till")

    run = await desk.run("setup-system-settings", webhookUrl=HOOK)
    key = await desk.run("create-api-key", keyName="the till")

    assert [printer["status"] for printer in run.data["printers"]] == ["exists", "exists"]
    assert len(desk.place()["printers"]) == 2
    assert len(desk.place()["webhooks"]) == 1
    assert "exists already" in str(run.result["warnings"])
    assert key.data["status"] == "exists"


async def test_a_phone_without_a_prefix_abroad_is_taken(desk: Desk) -> None:
    given: dict[str, Any] = {
        "restaurantName": "Wok & Roll",
        "phone": "1300 123 456",
        "country": "AU",
        "address": "2 Example Street, Perth",
    }

    run = await desk.run("register-restaurant", **given)

    assert run.result["restaurant"] == "Wok & Roll"
    assert desk.place("Wok & Roll")["registered"]["address"] == "2 Example Street, Perth"
    assert desk.place("Wok & Roll")["registered"]["phone"] == "+611300123456"
