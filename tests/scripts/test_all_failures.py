"""How every script fails alike: told at once, with the right code, nothing changed that was not meant."""

from pathlib import Path

import pytest

from tests.scripts.desk import Desk
from tests.scripts.everything import ACCOUNT_JOBS, NAMES, doubled, files, payload

pytestmark = pytest.mark.anyio


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
@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (["no_login_form"], "robot"),
        (["overlay_sticks"], "loading screen"),
        # After the page was loaded anew, its overlay comes late.
        (["overlay_sticks", "slow"], "loading screen"),
    ],
)
async def test_a_portal_that_does_not_come_up_is_told(
    desk: Desk, impatient: None, name: str, faults: list[str], says: str
) -> None:
    desk.portal.misbehave(*faults)

    run = await desk.run(name, **payload(name))

    assert run.code == "ELEMENT_NOT_FOUND"
    assert says in run.message
    assert desk.writes == 0


async def test_slow_saves_are_waited_for(desk: Desk) -> None:
    desk.portal.misbehave("slow_saves")

    run = await desk.run("create-api-key")

    assert run.failure is None
    assert run.seconds > 6


@pytest.mark.parametrize("name", NAMES)
async def test_a_portal_that_saves_nothing_fails_the_job(
    desk: Desk, impatient: None, one_try: None, tmp_path: Path, name: str
) -> None:
    desk.portal.misbehave("save_fails")

    run = await desk.run(name, files=files(tmp_path), **payload(name))

    assert run.failure is not None, run.result
    assert run.code in {"ELEMENT_NOT_FOUND", "VALIDATION_ERROR", "IMPORT_REJECTED"}
    assert "Something went wrong" in run.message
    assert desk.writes == 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_save_that_is_done_and_not_confirmed_is_not_done_twice(
    desk: Desk, impatient: None, tmp_path: Path, name: str
) -> None:
    desk.portal.misbehave("save_unheard_once")

    first = await desk.run(name, files=files(tmp_path), **payload(name))
    last = first if first.failure is None else await desk.run(
        name, files=files(tmp_path), checkpoints=first.checkpoints, **payload(name)
    )  # fmt: skip

    assert first.code in {None, "ELEMENT_NOT_FOUND"}
    assert last.failure is None
    assert last.result["partial"] is False
    assert doubled(desk) == []
