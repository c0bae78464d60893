"""What every script does alike: the same on a slow portal as on a quick one, and nothing twice."""

from collections.abc import Generator
from pathlib import Path

import pytest

from portal_scripts.pages import loading
from scriptjobs.child.context import RunningScript
from tests.processes import Portal, start_portal
from tests.scripts.desk import Desk, WatchedScript
from tests.scripts.everything import NAMES, configured, files, payload, without_chance

pytestmark = pytest.mark.anyio
USUAL = {name: getattr(loading, name) for name in ("_STILL_MS", "COVER_MS")}


@pytest.fixture(scope="module")
def slow_portal(scratch: Path) -> Generator[Portal]:
    """Everything takes a tenth of what it takes on the live portal: what was left still stands where the next opens."""
    with start_portal(scratch, delay="0.1") as started:
        yield started


@pytest.mark.parametrize("name", NAMES)
async def test_a_second_run_succeeds_and_changes_nothing(desk: Desk, tmp_path: Path, name: str) -> None:
    first = await desk.run(name, files=files(tmp_path), **payload(name))
    after_first = configured(desk)
    desk.portal.misbehave("late_lists")  # what is not there yet is not absent
    second = await desk.run(name, files=files(tmp_path), **payload(name))

    for run in (first, second):
        assert run.failure is None
        assert run.result["partial"] is False, run.result
    assert configured(desk) == after_first


@pytest.mark.parametrize("name", NAMES)
async def test_a_slow_portal_gets_the_same_as_a_quick_one(
    desk: Desk, slow_portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    quick = await desk.run(name, files=files(tmp_path), **payload(name))
    wanted = without_chance(configured(desk))
    desk.portal = slow_portal
    slow_portal.reset()
    for name_, usual in USUAL.items():
        monkeypatch.setattr(loading, name_, usual)

    slow = await desk.run(name, files=files(tmp_path), **payload(name))

    assert quick.failure is None
    assert slow.failure is None
    assert slow.result["partial"] is False, slow.result
    assert without_chance(configured(desk)) == wanted


async def test_a_step_that_opens_a_page_ends_when_it_can_be_seen(
    desk: Desk, slow_portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its picture is taken at that moment."""
    veils: list[bool] = []

    async def look(script: RunningScript, _name: str) -> None:
        veils.append(await script.sees(".cover-loader.active", 200))

    monkeypatch.setattr(WatchedScript, "screenshot", look)
    monkeypatch.setattr(loading, "COVER_MS", 3_000)  # the machine may be slower than the portal
    desk.portal = slow_portal
    slow_portal.reset()

    run = await desk.run("import-csv-menu", files=files(tmp_path), **payload("import-csv-menu"))

    assert run.failure is None
    assert veils == [False] * len(desk.types.get("import-csv-menu").steps)


async def test_names_with_signs_are_just_names(desk: Desk) -> None:
    name = 'Pedro\'s "$HOME" `id` <b>&amp;</b> 50% \\o/'
    desk.portal.reset({"demo@example.com": ["Pedro", name]})

    run = await desk.run("setup-stripe-payments-no-link", restaurantName=name)
    sets = [{"name": name, "items": [{"name": '50% "off" $(x)', "price": "1.50"}]}]
    option_sets = await desk.run("add-option-sets", restaurantName=name, optionSets=sets)

    assert run.failure is None
    assert option_sets.data["itemsCreated"] == 1
    assert desk.place(name)["optionSets"][0]["options"][0]["name"] == '50% "off" $(x)'
