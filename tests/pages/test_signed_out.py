"""A page whose person is signed out meanwhile, or whose action is refused, says so and shows the way on."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.pages.conftest import Proxy, sign_in
from tests.processes import Api, Site

SHOWN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_who_is_signed_out_is_told_and_goes_on_after_signing_in(
    open_window: Callable[..., Page], site: Site, ana: Api, proxy: Proxy
) -> None:
    page = open_window(expects_network_errors=True)
    address = f"http://127.0.0.1:{proxy.port}"
    sign_in(page, address, ana)
    job_id = ana.launch("create-api-key", count=150, pause_s=0.1)
    page.goto(f"{address}/jobs/{job_id}")
    chip = page.locator("#connection")
    expect(chip).to_have_attribute("data-state", "live", timeout=20_000)
    cookies = page.context.cookies()

    page.context.clear_cookies()
    proxy.cut()
    proxy.heal()
    expect(chip).to_have_attribute("data-state", "signed-out", timeout=20_000)
    expect(page.get_by_role("link", name="sign in again")).to_have_attribute("href", f"/sign-in?next=/jobs/{job_id}")
    expect(page.locator(".job-card")).to_contain_text(job_id)

    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.evaluate(SHOWN_AGAIN)
    expect(page.locator(".job-card")).to_have_attribute("data-status", "completed", timeout=30_000)
    expect(page.locator(".log-line")).to_have_count(150)


def test_an_action_of_somebody_signed_out_leads_to_the_sign_in_and_back(
    open_window: Callable[..., Page], site: Site, ana: Api
) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)
    job_id = ana.launch("setup-services", way="dies")
    ana.wait_for(job_id, "failed")
    page.goto(f"{site.address}/jobs/{job_id}")
    page.context.clear_cookies()

    page.get_by_role("button", name="Retry").click()

    page.wait_for_url(re.compile(rf"/sign-in\?next=/jobs/{job_id}$"))


def test_a_refused_action_says_why_on_the_page(open_window: Callable[..., Page], site: Site, ana: Api) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)
    job_id = ana.launch("setup-services", way="dies")
    ana.wait_for(job_id, "failed")
    page.goto(f"{site.address}/jobs/{job_id}")
    page.evaluate(
        "document.querySelectorAll('[name=form_token]').forEach(field => { field.value = 'of another session'; })"
    )

    page.get_by_role("button", name="Retry").click()

    expect(page.locator("#note")).to_have_text("This form is too old. Load the page again and repeat it.")
    expect(page.locator(".job-card")).to_have_attribute("data-status", "failed")
