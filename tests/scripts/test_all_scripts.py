"""What every script does alike: signs in for sure, finds the one restaurant, survives a lost session, and runs twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.scripts.desk import TYPES, Desk

pytestmark = pytest.mark.anyio

MENU = "6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11"
NAMES = [kind.name for kind in TYPES]
# These don't open a restaurant that is there.
ACCOUNT_JOBS = {"create-api-key", "register-restaurant"}


def payload(name: str) -> Any:
    given: dict[str, Any] = {**TYPES.get(name).examples[-1]}
    for common in ("email", "password", "restaurantName"):
        given.pop(common)
    return given | ({"restaurantName": "New Place"} if name == "register-restaurant" else {})


def files(tmp_path: Path) -> dict[str, Path]:
    path = tmp_path / "menu-to-import.csv"
    path.write_text("menuName,categoryName,dishName,dishPrice\nMenu,Mains,Dal,12.50\nMenu,Breads,Roti,3\n")
    return {MENU: path}


def configured(desk: Desk) -> dict[str, Any]:
    """Everything on the portal but sessions."""
    account = desk.portal.state()["accounts"]["demo@example.com"]
    return {"keys": account["keys"], "places": [{**place} for place in account["restaurants"]]}


@pytest.mark.parametrize("name", NAMES)
async def test_a_second_run_succeeds_and_doubles_nothing(desk: Desk, tmp_path: Path, name: str) -> None:
    first = await desk.run(name, files=files(tmp_path), **payload(name))
    after_first = configured(desk)
    second = await desk.run(name, files=files(tmp_path), **payload(name))

    assert first.failure is None
    assert first.result["partial"] is False, first.result
    assert second.failure is None
    assert second.result["partial"] is False, second.result
    assert configured(desk) == after_first


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_password_is_told_at_once(desk: Desk, tmp_path: Path, name: str) -> None:
    run = await desk.run(name, files=files(tmp_path), **payload(name) | {"password": "not-the-password"})

    assert run.code == "INVALID_CREDENTIALS"
    assert "incorrect" in run.message
    assert "not-the-password" not in f"{run.events}{run.failure}"
    assert desk.writes == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ACCOUNT_JOBS])
async def test_no_restaurant_is_changed_that_is_not_meant(desk: Desk, tmp_path: Path, name: str) -> None:
    desk.portal.misbehave("many_restaurants")

    near = await desk.run(name, files=files(tmp_path), **payload(name) | {"restaurantName": "Base Pizza Sout"})
    none = await desk.run(name, files=files(tmp_path), **payload(name) | {"restaurantName": "Sushi Palace"})

    assert near.code == "RESTAURANT_AMBIGUOUS"
    assert "Base Pizza South 1" in near.message
    assert none.code == "RESTAURANT_NOT_FOUND"
    assert desk.writes == 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_lost_session_ends_the_try_and_the_next_one_goes_on(
    desk: Desk, impatient: None, tmp_path: Path, name: str
) -> None:
    desk.portal.misbehave("session_expires_once")

    broken = await desk.run(name, files=files(tmp_path), **payload(name))
    resumed = await desk.run(name, files=files(tmp_path), checkpoints=broken.checkpoints, **payload(name))

    assert broken.code == "ECONNRESET", broken
    assert "session" in broken.message
    assert resumed.failure is None
    assert resumed.result["partial"] is False


@pytest.mark.parametrize("name", ["create-api-key", "setup-services"])
@pytest.mark.parametrize(("fault", "says"), [("no_login_form", "robot"), ("overlay_sticks", "loading screen")])
async def test_a_portal_that_does_not_come_up_is_told(
    desk: Desk, impatient: None, name: str, fault: str, says: str
) -> None:
    desk.portal.misbehave(fault)

    run = await desk.run(name, **payload(name))

    assert run.code == "ELEMENT_NOT_FOUND"
    assert says in run.message
    assert desk.writes == 0


@pytest.mark.parametrize("name", ["add-option-sets", "setup-stripe-payments-no-link", "create-api-key"])
async def test_slow_saves_are_waited_for(desk: Desk, name: str) -> None:
    desk.portal.misbehave("slow_saves")

    run = await desk.run(name, **payload(name))

    assert run.failure is None
    assert run.seconds > 6


@pytest.mark.parametrize("name", NAMES)
async def test_a_portal_that_saves_nothing_fails_the_job(
    desk: Desk, impatient: None, tmp_path: Path, name: str
) -> None:
    desk.portal.misbehave("save_fails")

    run = await desk.run(name, files=files(tmp_path), **payload(name))

    assert run.failure is not None, run.result
    assert run.code in {"ELEMENT_NOT_FOUND", "VALIDATION_ERROR", "IMPORT_REJECTED"}
    assert "Something went wrong" in run.message
    assert desk.writes == 0


async def test_names_with_signs_are_just_names(desk: Desk) -> None:
    name = 'Pedro\'s "$HOME" `id` <b>&amp;</b> 50% \\o/'
    desk.portal.reset({"demo@example.com": ["Pedro", name]})

    run = await desk.run("setup-stripe-payments-no-link", restaurantName=name)
    sets = [{"name": name, "items": [{"name": '50% "off" $(x)', "price": "1.50"}]}]
    option_sets = await desk.run("add-option-sets", restaurantName=name, optionSets=sets)

    assert run.failure is None
    assert option_sets.data["itemsCreated"] == 1
    assert desk.place(name)["optionSets"][0]["options"][0]["name"] == '50% "off" $(x)'
