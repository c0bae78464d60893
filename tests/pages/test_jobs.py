"""The job's page and the list: live, by polling when the stream is lost, and without any script."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import Proxy, sign_in
from tests.processes import Api, Portal, Site, start_site, tags_payload, until


def show(page: Page, address: str, job_id: str) -> None:
    page.goto(f"{address}/jobs/{job_id}")


def card(page: Page):
    return page.locator(".job-card")


def test_a_failed_job_says_what_happened_and_what_to_do(page: Page, site: Site, ana: Api, clean_portal: Portal) -> None:
    job_id = ana.launch(**tags_payload(password="not-the-password"))
    show(page, site.address, job_id)

    expect(card(page)).to_have_attribute("data-status", "failed", timeout=30_000)

    expect(card(page)).to_contain_text("INVALID_CREDENTIALS")
    expect(page.locator(".job-error")).to_contain_text("What to do:")
    expect(page.locator(".job-error img")).to_have_js_property("naturalWidth", 1280)
    expect(page.locator(".job-step[data-state=failed]")).to_have_count(1)


def test_retry_starts_a_new_attempt_on_the_same_page(page: Page, site: Site, ana: Api, clean_portal: Portal) -> None:
    job_id = ana.launch(**tags_payload(restaurantName="Coming Soon"))
    ana.wait_for(job_id, "failed")
    show(page, site.address, job_id)
    page.evaluate("window.isTheSamePage = true")
    places = list({place["name"] for place in clean_portal.state()["accounts"]["demo@example.com"]["restaurants"]})
    clean_portal.reset({"demo@example.com": [*places, "Coming Soon"]})

    page.get_by_role("button", name="Retry").click()

    expect(card(page)).to_have_attribute("data-status", "completed", timeout=30_000)
    assert page.evaluate("window.isTheSamePage") is True
    expect(page.locator(".job-error")).to_have_count(0)
    expect(page.locator(".job-history")).to_contain_text("Try 2")
    expect(page.locator(".log-line").filter(has_text="Opening")).to_have_count(1)

    # The first try stays readable: what it did, how it ended, its log and its pictures.
    page.locator(".job-history").get_by_role("link", name="Try 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try 1 of 2")
    expect(page.locator("#attempt")).to_contain_text("RESTAURANT_NOT_FOUND")
    expect(page.locator(".job-step[data-state=failed]")).to_have_count(1)
    expect(page.locator(".log-line")).to_have_count(0)  # it failed before its script had anything to say
    expect(page.locator(".job-step__picture img").last).to_be_visible()


@pytest.fixture(scope="module")
def idle_site(scratch, portal, new_database):
    with start_site(scratch, new_database(), portal, {"WORKERS": "0"}) as started:
        yield started


def test_cancel_changes_the_card_in_place(open_window: Callable[..., Page], idle_site: Site) -> None:
    bob, page = idle_site.as_user("bob@example.com"), open_window()
    sign_in(page, idle_site.address, bob)
    show(page, idle_site.address, bob.launch("create-api-key", count=1))
    page.evaluate("window.isTheSamePage = true")

    page.get_by_role("button", name="Cancel").click()

    expect(card(page)).to_have_attribute("data-status", "cancelled")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    assert page.evaluate("window.isTheSamePage") is True
    expect(page.locator(".job-card__title")).to_be_focused()


def test_two_people_act_and_the_second_is_told(open_window: Callable[..., Page], idle_site: Site) -> None:
    bob, eve = idle_site.as_user("bob@example.com"), idle_site.as_user("eve@example.com")
    page = open_window()
    sign_in(page, idle_site.address, bob)
    show(page, idle_site.address, job_id := bob.launch("create-api-key", count=1))
    page.route("**/live/**", lambda route: route.abort())
    eve.delete(f"/api/jobs/{job_id}")

    with page.expect_response("**/cancel"):
        page.evaluate(f"document.getElementById('cancel-{job_id}').requestSubmit()")

    expect(page.locator("#note")).to_contain_text("has ended already")
    expect(card(page)).to_have_attribute("data-status", "cancelled")


def test_a_viewer_sees_no_buttons(open_window: Callable[..., Page], idle_site: Site) -> None:
    bob = idle_site.as_user("bob@example.com")
    vic, page = idle_site.as_user("vic@example.com", role="viewer"), open_window()
    job_id = bob.launch("create-api-key", count=1)
    sign_in(page, idle_site.address, vic)
    show(page, idle_site.address, job_id)

    expect(card(page)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_stream_is_cut_polling_takes_over_and_the_stream_comes_back(
    open_window: Callable[..., Page], site: Site, ana: Api, proxy: Proxy
) -> None:
    page = open_window(expects_network_errors=True)
    address = f"http://127.0.0.1:{proxy.port}"
    sign_in(page, address, ana)
    job_id = ana.launch("create-api-key", count=400, pause_s=0.1)
    show(page, address, job_id)
    chip = page.locator("#connection")
    expect(chip).to_have_attribute("data-state", "live", timeout=20_000)

    # The stream alone is lost: polling goes through.
    page.route("**/live/stream?*", lambda route: route.abort())
    proxy.cut()
    proxy.heal()
    expect(chip).to_have_text(re.compile(r"Checking every [25] s"), timeout=15_000)
    before = page.locator(".log-line").count()
    until(lambda: _log_grew(page, before), 15, "news by polling")

    page.unroute("**/live/stream?*")
    expect(chip).to_have_attribute("data-state", "live", timeout=15_000)
    _must_have_each_line_once(page)
    _end(ana, job_id)


def test_a_stream_that_answers_late_repeats_nothing_that_polling_brought(
    open_window: Callable[..., Page], site: Site, ana: Api
) -> None:
    page = open_window(expects_network_errors=True)
    late: list[Route] = []

    def answer_late(route: Route) -> None:
        late.append(route)
        if len(late) < 3:
            route.abort()
        elif len(late) > 3:
            route.continue_()

    page.route("**/live/stream?*", answer_late)
    sign_in(page, site.address, ana)
    job_id = ana.launch("create-api-key", count=400, pause_s=0.1)
    show(page, site.address, job_id)
    until(lambda: page.wait_for_timeout(100) or len(late) > 2, 20, "a stream that is asked for and does not answer")
    before = page.locator(".log-line").count()
    until(lambda: _log_grew(page, before), 15, "news by polling")

    late[2].continue_()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=15_000)
    grown = page.locator(".log-line").count()
    until(lambda: _log_grew(page, grown), 15, "news by the stream")
    _must_have_each_line_once(page)
    _end(ana, job_id)


def _must_have_each_line_once(page: Page) -> None:
    lines = page.locator(".log-line__text").all_inner_texts()
    assert lines == [f"counted {number}" for number in range(1, len(lines) + 1)]


def _log_grew(page: Page, before: int) -> bool:
    page.wait_for_timeout(100)
    return page.locator(".log-line").count() > before + 5


def _end(api: Api, job_id: str) -> None:
    """Free the slot of a long job."""
    api.post(f"/api/jobs/{job_id}/stop").raise_for_status()
    api.wait_for(job_id, "cancelled", timeout_s=20)


def test_a_server_that_is_gone_is_told_and_found_again(
    open_window: Callable[..., Page], site: Site, ana: Api, proxy: Proxy
) -> None:
    page = open_window(expects_network_errors=True)
    address = f"http://127.0.0.1:{proxy.port}"
    sign_in(page, address, ana)
    job_id = ana.launch("create-api-key", count=120, pause_s=0.1)
    show(page, address, job_id)
    chip = page.locator("#connection")
    expect(chip).to_have_attribute("data-state", "live", timeout=20_000)

    proxy.cut()
    expect(chip).to_have_attribute("data-state", re.compile("reconnecting|polling"), timeout=10_000)
    page.wait_for_timeout(6_000)
    proxy.heal()

    expect(card(page)).to_have_attribute("data-status", "completed", timeout=30_000)
    expect(page.locator(".log-line")).to_have_count(120)


def test_more_windows_than_streams_poll_without_alarm(
    open_window: Callable[..., Page], browser, site: Site, ana: Api
) -> None:
    job_id = ana.launch("create-api-key", count=150, pause_s=0.1)
    windows = [open_window(expects_network_errors=True) for _ in range(8)]
    sign_in(windows[0], site.address, ana)
    state = windows[0].context.storage_state()
    for window in windows[1:]:
        window.context.add_cookies(state["cookies"])  # type: ignore[arg-type]
    for window in windows:
        show(window, site.address, job_id)

    until(lambda: _states(windows) == ["live"] * 6 + ["polling"] * 2, 20, "six streams and two polls")
    for window in windows:
        expect(card(window)).to_have_attribute("data-status", "completed", timeout=40_000)


def _states(windows: list[Page]) -> list[str]:
    windows[0].wait_for_timeout(50)
    return sorted(window.locator("#connection").get_attribute("data-state") or "" for window in windows)


def test_a_hidden_tab_rests_and_catches_up(page: Page, site: Site, ana: Api) -> None:
    page.clock.install()
    job_id = ana.launch("create-api-key", count=60, pause_s=0.1)
    show(page, site.address, job_id)
    page.clock.resume()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=20_000)
    hide = (
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.evaluate(hide % "true")
    page.clock.fast_forward(11_000)
    expect(page.locator("#connection")).to_be_hidden()
    done = ana.wait_for(job_id, "completed")
    assert card(page).get_attribute("data-status") == "in_progress"

    page.evaluate(hide % "false")

    expect(card(page)).to_have_attribute("data-status", "completed")
    assert done["attempt"] == 1


def test_a_live_update_leaves_focus_and_selection_alone(page: Page, site: Site, ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=40, pause_s=0.1)
    show(page, site.address, job_id)
    expect(page.locator("#step-1[data-state=running]")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Jobs", exact=True).first.focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.job-card__id'))")
    percent = page.locator(".job-progress__percent").inner_text()

    expect(page.locator(".job-progress__percent")).not_to_have_text(percent)

    assert page.evaluate("document.activeElement.textContent") == "Jobs"
    assert page.evaluate("getSelection().toString()") == job_id
    assert page.locator("progress").get_attribute("value") is not None
    ana.wait_for(job_id)


def test_the_list_follows_its_jobs(page: Page, site: Site, ana: Api, clean_portal: Portal) -> None:
    job_id = ana.launch("create-api-key", count=20, pause_s=0.1)
    page.goto(f"{site.address}/jobs")
    row = page.locator(f"#row-{job_id}")

    expect(row).to_contain_text("In Progress", timeout=20_000)
    expect(row).to_contain_text("Completed", timeout=20_000)

    page.get_by_label("Show").select_option("cancelled")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(f"#row-{job_id}")).to_have_count(0)


def test_everything_works_without_script(
    open_window: Callable[..., Page], site: Site, ana: Api, clean_portal: Portal
) -> None:
    page = open_window(java_script_enabled=False)
    sign_in(page, site.address, ana)
    page.get_by_role("link", name="New job").click()
    page.get_by_role("link", name="Add item tags").click()
    for name, value in {"email": "demo@example.com", "password": "wrong", "restaurantName": "Curry Garden"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="More rows").click()
    page.locator("[name=password]").fill("not-the-password")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/JOB_*")
    job_id = page.url.rsplit("/", 1)[-1]

    assert 'http-equiv="refresh"' in page.content()
    ana.wait_for(job_id, "failed")
    page.reload()
    expect(card(page)).to_contain_text("Failed")
    page.get_by_role("button", name="Retry").click()
    page.wait_for_url("**/jobs/JOB_*")
    ana.wait_for(job_id, "failed")
    page.reload()
    expect(page.locator(".job-history")).to_contain_text("Try 2")
    assert 'http-equiv="refresh"' not in page.content()


def test_an_ended_job_neither_streams_nor_polls(page: Page, site: Site, ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=1)
    ana.wait_for(job_id, "completed")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    show(page, site.address, job_id)
    page.wait_for_timeout(3_000)

    assert not [url for url in asked if "/live/" in url]


def test_another_organisations_job_and_pictures_are_not_there(
    open_window: Callable[..., Page], site: Site, ana: Api, clean_portal: Portal
) -> None:
    import httpx2

    job_id = ana.launch(**tags_payload())
    ana.wait_for(job_id)
    zoe = site.as_user("zoe@elsewhere.example.com", "Elsewhere")
    with httpx2.Client(base_url=site.address) as mine, httpx2.Client(base_url=site.address) as hers:
        mine.post(f"/sign-in/{ana.link}")
        hers.post(f"/sign-in/{zoe.link}")
        picture = re.search(r'src="(/jobs/[^"]+/files/[^"]+)"', mine.get(f"/jobs/{job_id}").text)
        assert picture
        own = mine.get(picture[1])
        assert (own.status_code, own.headers["content-type"]) == (200, "image/jpeg")
        assert "sandbox" in own.headers["content-security-policy"]
        for path in (
            f"/jobs/{job_id}", picture[1], f"/live/stream?view=page&jobs={job_id}", f"/live/fragments?jobs={job_id}",
        ):  # fmt: skip
            assert hers.get(path).status_code == 404
