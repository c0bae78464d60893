"""add-item-tags on the sandbox portal in a real browser: works, partly works, fails with the right code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal_scripts.add_item_tags import PRESETS
from tests.processes import Api, Portal, Site, start_site, tags_payload

RESTAURANT = "Curry Garden"


@pytest.fixture(scope="module")
def ana(scratch: Path, portal: Portal, new_database: Callable[[], str]):
    with start_site(scratch, new_database(), portal, {"JOB_TYPES_PACKAGE": "portal_scripts"}) as site:
        yield site.as_user()


def run(api: Api, **changes: Any) -> dict[str, Any]:
    return api.wait_for(api.launch(**tags_payload(**changes)), timeout_s=90)


def tags(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "color": "#123456"} for name in names]


def test_ten_presets_with_items_are_created_as_asked(ana: Api, clean_portal: Portal) -> None:
    wanted = [{"name": name, "color": colour} for name, colour in PRESETS]
    wanted[0]["menuItemNames"] = ["Chicken Tikka", "Dal Makhani", "Chicken Tikka", "Not on the menu"]  # type: ignore[assignment]

    job = run(ana, itemTags=wanted)

    made = clean_portal.tags(RESTAURANT)
    assert job["status"] == "completed"
    assert job["result"]["partial"] is False
    assert job["result"]["data"]["itemsCreated"] == 10
    assert [(tag["name"], tag["text"], tag["color"].lower()) for tag in made] == [
        (name, name, colour.lower()) for name, colour in PRESETS
    ]
    # "Chicken Tikka" stands under two categories: both boxes are ticked, once each, though it was named twice.
    assert sorted(made[0]["items"]) == ["Chicken Tikka", "Chicken Tikka", "Dal Makhani"]
    assert job["result"]["data"]["itemsAssigned"] == 3
    assert job["progress"]["currentStep"] == 5


def test_a_second_run_changes_nothing(ana: Api, clean_portal: Portal) -> None:
    run(ana, itemTags=tags("One", "Two"))
    writes = clean_portal.state()["writes"]

    job = run(ana, itemTags=tags("One", "Two"))

    assert [item["status"] for item in job["result"]["data"]["details"]] == ["exists", "exists"]
    assert clean_portal.state()["writes"] == writes == 2


def test_a_save_that_fails_once_is_tried_again(ana: Api, clean_portal: Portal) -> None:
    clean_portal.misbehave("save_fails_once")

    job = run(ana, itemTags=tags("One"))

    assert job["result"]["data"]["itemsCreated"] == 1
    assert len(clean_portal.tags(RESTAURANT)) == 1


def test_names_with_quotes_and_signs_are_just_names(ana: Api, clean_portal: Portal) -> None:
    names = ['Say "hi"', "Chef's $pecial `x`", "<b>Bold</b>", "100% \\o/"]

    job = run(ana, itemTags=tags(*names))

    assert job["result"]["data"]["itemsCreated"] == 4, job
    assert [tag["name"] for tag in clean_portal.tags(RESTAURANT)] == names
    assert run(ana, itemTags=tags(*names))["result"]["data"]["itemsExisting"] == 4


def test_a_wrong_password_is_told_at_once_and_not_retried(ana: Api, clean_portal: Portal) -> None:
    job = run(ana, password="not-the-password")

    assert (job["status"], job["error"]["code"], job["attempt"]) == ("failed", "INVALID_CREDENTIALS", 1)
    assert "incorrect" in job["error"]["message"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Sushi Palace", "RESTAURANT_NOT_FOUND"),
        ("Base Pizza North", "RESTAURANT_AMBIGUOUS"),
    ],
)
def test_a_restaurant_that_is_not_clear_is_left_alone(ana: Api, clean_portal: Portal, name: str, code: str) -> None:
    job = run(ana, restaurantName=name)

    assert (job["status"], job["error"]["code"]) == ("failed", code), job["error"]
    assert "Base Pizza" in job["error"]["message"]
    assert clean_portal.state()["writes"] == 0


def test_an_account_without_restaurants_says_so(ana: Api, clean_portal: Portal) -> None:
    clean_portal.reset({"empty@example.com": []})

    job = run(ana, email="empty@example.com")

    assert job["error"]["code"] == "RESTAURANT_NOT_FOUND"
    assert "none at all" in job["error"]["message"]


def test_cards_without_ids_are_opened_by_their_place(ana: Api, clean_portal: Portal) -> None:
    clean_portal.misbehave("no_list_ids")

    assert run(ana, restaurantName="pedros cantina")["status"] == "completed"
    assert len(clean_portal.tags("Pedro's Cantina")) == 1


@pytest.mark.parametrize(("fault", "code"), [("http_500", "ECONNRESET"), ("page_crash", "BROWSER_CRASHED")])
def test_trouble_of_the_portal_is_retried(ana: Api, clean_portal: Portal, fault: str, code: str) -> None:
    clean_portal.misbehave(fault)
    job_id = ana.launch(**tags_payload())

    from tests.processes import until

    waiting = until(lambda: (job := ana.job(job_id))["retryCount"] == 1 and job, 60, "a retry")
    clean_portal.misbehave()
    done = ana.wait_for(job_id, timeout_s=60)

    assert waiting["error"]["code"] == code
    assert (done["status"], done["attempt"]) == ("completed", 2)


def test_a_slow_portal_is_waited_for(own_site: Callable[..., Site], scratch: Path) -> None:
    from tests.processes import start_portal

    with start_portal(scratch, delay="0.1") as slow:
        slow.misbehave("slow")
        site = own_site(JOB_TYPES_PACKAGE="portal_scripts", PORTAL_URL=slow.address)

        job = run(site.as_user())

    assert job["status"] == "completed"
    assert job["attempt"] == 1
