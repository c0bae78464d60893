"""The launch form: from the schema, with errors beside their fields, and nothing lost but secrets."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import sign_in
from tests.processes import Api, Portal, Site, tags_payload


def fill(page: Page, site: Site, **changes: str) -> None:
    page.goto(f"{site.address}/launch/add-item-tags")
    values = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden", **changes}
    for name, value in values.items():
        page.locator(f"[name={name}]").fill(value)


def test_launch_watch_completed_without_a_reload(page: Page, site: Site, clean_portal: Portal) -> None:
    page.get_by_role("link", name="Launch", exact=True).click()
    page.get_by_role("link", name="Add item tags").click()
    fill(page, site)
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/JOB_*")
    page.evaluate("window.isTheSamePage = true")

    expect(page.locator(".job-card")).to_have_attribute("data-status", "completed", timeout=40_000)

    assert page.evaluate("window.isTheSamePage") is True
    expect(page.locator(".job-result")).to_contain_text("10 created")
    expect(page.locator(".job-result__table tbody tr")).to_have_count(10)
    expect(page.locator(".job-step[data-state=done]")).to_have_count(5)
    expect(page.locator(".job-step__picture img").first).to_have_js_property("naturalWidth", 1280)
    expect(page.locator(".log-line").filter(has_text="“Spicy” created")).to_have_count(1)
    expect(page.locator("#announcer")).to_have_text("Add item tags: Completed")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    expect(page.locator("#connection")).to_be_hidden()
    assert len(clean_portal.tags("Curry Garden")) == 10


def test_a_second_run_is_called_safe_only_where_the_type_promises_it(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/launch/add-item-tags")
    expect(page.locator(".what-happens")).to_contain_text("Running it twice is safe")

    page.goto(f"{site.address}/launch/create-api-key")
    expect(page.locator(".what-happens")).to_contain_text("Usually")
    expect(page.locator(".what-happens")).not_to_contain_text("safe")


def test_every_fault_is_beside_its_field_and_nothing_is_lost(
    open_window: Callable[..., Page], site: Site, ana: Api
) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)
    fill(page, site, email="nonsense@x", restaurantName="x" * 10)
    page.locator("[name='itemTags.1.name']").fill("Popular")
    page.locator("form.form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Start the job").click()

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("is not an e-mail address")
    expect(summary).to_be_focused()
    email = page.locator("[name=email]")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_value("nonsense@x")
    expect(page.locator("[name=password]")).to_have_value("")
    expect(page.locator("[id='itemTags-error']")).to_contain_text("Popular")
    expect(page.locator("[name='itemTags.0.name']")).to_have_value("Popular")
    page.get_by_role("link", name="Portal e-mail").click()
    page.wait_for_url("**/launch/add-item-tags#email")


def test_a_refused_job_starts_again_with_its_input_and_a_new_password(
    page: Page, site: Site, ana: Api, clean_portal: Portal
) -> None:
    failed = ana.launch(**tags_payload(password="not-the-password"))
    ana.wait_for(failed, "failed")
    page.goto(f"{site.address}/jobs/{failed}")

    page.get_by_role("link", name="Start again with changes").click()
    expect(page.locator("[name=email]")).to_have_value("demo@example.com")
    expect(page.locator("[name=password]")).to_have_value("")
    page.locator("[name=password]").fill("demo-password")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/JOB_*")

    done = ana.wait_for(page.url.rsplit("/", 1)[-1])
    wanted = [tag["name"] for tag in tags_payload()["itemTags"]]
    assert [tag["name"] for tag in done["result"]["data"]["details"]] == wanted


def test_the_input_of_another_organisation_fills_no_form(
    open_window: Callable[..., Page], site: Site, ana: Api
) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, site.as_user("bob@elsewhere.example.com", "Elsewhere"))
    theirs = ana.launch(**tags_payload(restaurantName="Hidden Diner"))

    page.goto(f"{site.address}/launch/add-item-tags?from={theirs}")

    expect(page.locator("body")).to_contain_text("JOB_NOT_FOUND")
    expect(page.locator("body")).not_to_contain_text("Hidden Diner")
    ana.wait_for(theirs, "failed")


def test_more_rows_keep_what_was_typed(page: Page, site: Site) -> None:
    fill(page, site)
    rows = page.locator("[data-row]").count()

    page.get_by_role("button", name="More rows").click()

    expect(page.locator("[data-row]")).to_have_count(rows + 1)
    expect(page.locator(f"[name='itemTags.{rows}.name']")).to_be_focused()
    expect(page.locator(f"[name='itemTags.{rows}.name']")).to_have_value("")
    expect(page.locator("[name=restaurantName]")).to_have_value("Curry Garden")


def test_a_double_click_starts_one_job(page: Page, site: Site, ana: Api, clean_portal: Portal) -> None:
    before = ana.get("/api/jobs").json()["pagination"]["total"]
    fill(page, site)

    page.get_by_role("button", name="Start the job").dblclick()
    page.wait_for_url("**/jobs/JOB_*")

    assert ana.get("/api/jobs").json()["pagination"]["total"] == before + 1
    ana.wait_for(page.url.rsplit("/", 1)[-1])


def test_an_unknown_type_has_a_page_of_its_own(open_window: Callable[..., Page], site: Site, ana: Api) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)

    page.goto(f"{site.address}/launch/no-such-type")

    expect(page.get_by_role("heading")).to_contain_text("There is no job type")
    expect(page.get_by_role("link", name="Back to the jobs")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/jobs", "/launch", "/launch/add-item-tags"])
def test_nothing_scrolls_sideways_on_a_small_phone(
    open_window: Callable[..., Page], site: Site, ana: Api, path: str, scheme: str
) -> None:
    page = open_window(color_scheme=scheme)
    sign_in(page, site.address, ana)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site.address + path)

    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_every_control_has_a_name_and_a_big_enough_target(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/launch/add-item-tags")

    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, .button')]"
        ".filter(node => node.offsetParent && node.getBoundingClientRect().height < 44).map(node => node.outerHTML)"
    )
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
        ".filter(node => !node.labels?.length).map(node => node.outerHTML)"
    )

    assert (small, nameless) == ([], [])
