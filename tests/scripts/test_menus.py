"""Option sets and the import of a menu on the sandbox portal: values, partial work, and every way to fail."""

from pathlib import Path
from typing import Any

import pytest

from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio

MENU = "6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11"
SIZES: dict[str, Any] = {
    "name": "Choose your size", "display_name": "Size", "is_required": True, "min_selections": 1, "max_selections": 1,
    "items": [{"name": "Regular", "price": 0}, {"name": "Large", "price": 4.5}],
    "menuItemNames": ["Chicken Tikka", "Dal Makhani", "Not on the menu"],
}  # fmt: skip
EXTRAS: dict[str, Any] = {
    "name": "Extras", "multiple_selections_allowed": True, "min_selections": 0, "max_selections": 5,
    "items": ["Cheese 2.00", "Olives $1.5", "Napkins"],
}  # fmt: skip


async def test_option_sets_get_their_conditions_options_and_items(desk: Desk) -> None:
    run = await desk.run("add-option-sets", optionSets=[SIZES, EXTRAS])
    sizes, extras = desk.place()["optionSets"]

    assert run.data["itemsCreated"] == 2
    # "Chicken Tikka" stands in two categories of the menu; "Not on the menu" is nowhere and told.
    assert run.data["itemsAssigned"] == 3
    assert "Not on the menu" in run.log
    assert (sizes["displayName"], sizes["required"], sizes["minimum"], sizes["maximum"]) == ("Size", True, "1", "1")
    assert [(option["name"], option["price"]) for option in sizes["options"]] == [("Regular", None), ("Large", 4.5)]
    assert sorted(sizes["items"]) == ["Chicken Tikka", "Chicken Tikka", "Dal Makhani"]
    assert (extras["required"], extras["multiple"], extras["minimum"], extras["maximum"]) == (False, True, "0", "5")
    assert [(option["name"], option["price"]) for option in extras["options"]] == [
        ("Cheese", 2), ("Olives", 1.5), ("Napkins", None),
    ]  # fmt: skip


async def test_a_set_whose_save_fails_once_is_created_once(desk: Desk) -> None:
    desk.portal.misbehave("save_fails_once")

    run = await desk.run("add-option-sets", optionSets=[SIZES, EXTRAS])

    assert run.data["itemsCreated"] == 2
    assert [made["name"] for made in desk.place()["optionSets"]] == ["Choose your size", "Extras"]


async def test_sets_that_an_earlier_try_made_are_not_opened_again(desk: Desk) -> None:
    done = {"set:Choose your size": {"name": "Choose your size", "status": "created", "items": 3}}

    run = await desk.run("add-option-sets", checkpoints=done, optionSets=[SIZES, EXTRAS])

    assert [item["status"] for item in run.data["details"]] == ["created", "created"]
    assert [made["name"] for made in desk.place()["optionSets"]] == ["Extras"]
    assert "earlier try" in run.log


def _menu(folder: Path, *rows: str, head: str = "menuName,categoryName,dishName,dishPrice") -> dict[str, Path]:
    path = folder / "uploaded.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8-sig")
    return {MENU: path}


async def test_a_menu_is_replaced_and_its_warnings_are_told(desk: Desk, tmp_path: Path) -> None:
    # Words of the portal's own errors stand on the page as names of dishes, before and after.
    rows = ["Lunch,Specials,Limited offer,$12.50", "Lunch,Specials,Error 404: Invalid Pizza,9", "Lunch,Drinks,Failed Cola,3"]  # fmt: skip

    for _ in range(2):
        run = await desk.run("import-csv-menu", files=_menu(tmp_path, *rows), csvFile=MENU)

        assert (run.data["rows"], run.data["categories"], run.data["items"]) == (3, 2, 3)
        assert run.data["warnings"] == [
            "line 1: a byte order mark at the beginning was left out",
            "line 2, column dishPrice: “$12.50” is read as 12.50",
        ]
        assert desk.place()["menus"] == [
            {
                "name": "Lunch",
                "categories": [
                    {"name": "Specials", "items": ["Limited offer", "Error 404: Invalid Pizza"]},
                    {"name": "Drinks", "items": ["Failed Cola"]},
                ],
            }
        ]


async def test_a_bad_file_fails_before_anybody_signs_in(desk: Desk, tmp_path: Path) -> None:
    run = await desk.run("import-csv-menu", files=_menu(tmp_path, "Lunch,Mains,Dal,dear"), csvFile=MENU)

    assert run.code == "VALIDATION_ERROR"
    assert "“uploaded.csv” cannot be imported: line 2, column dishPrice: “dear” is not a price" in run.message
    assert desk.portal.state()["sessions"] == 0
    assert desk.writes == 0


async def test_a_file_that_was_deleted_is_told(desk: Desk) -> None:
    run = await desk.run("import-csv-menu", csvFile=MENU)

    assert run.code == "VALIDATION_ERROR"
    assert "Upload it again" in run.message


async def test_a_refused_import_is_not_tried_again(desk: Desk, tmp_path: Path) -> None:
    desk.portal.misbehave("import_rejected")
    before = desk.place()["menus"]

    run = await desk.run("import-csv-menu", files=_menu(tmp_path, "Lunch,Mains,Dal,1"), csvFile=MENU)

    assert run.code == "IMPORT_REJECTED"
    assert "the limit of your plan was reached" in run.message
    assert desk.place()["menus"] == before


async def test_an_import_that_never_ends_is_given_up(desk: Desk, impatient: None, tmp_path: Path) -> None:
    desk.portal.misbehave("import_hangs")

    run = await desk.run("import-csv-menu", files=_menu(tmp_path, "Lunch,Mains,Dal,1"), csvFile=MENU)

    assert run.code == "ELEMENT_NOT_FOUND"
    assert "Look at the menu before trying again" in run.message
