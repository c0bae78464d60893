"""Live pages under way: many tabs, a server that is away, a list that grows, somebody who may no longer look."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from scriptjobs.cli.tokens import make_token
from tests.pages.conftest import TIMEOUT_MS, Proxy, sign_in
from tests.processes import Api, Site, run_on_database, start_site, until


@pytest.fixture(scope="module")
def idle(scratch, portal, new_database):
    """Nobody runs its jobs, so that they stay as they are."""
    with start_site(scratch, new_database(), portal, {"WORKERS": "0"}) as started:
        yield started


def chip(page: Page):
    return page.locator("#connection")


def states(pages: list[Page]) -> list[str]:
    pages[0].wait_for_timeout(50)
    return sorted(chip(page).get_attribute("data-state") or "" for page in pages)


def test_eight_pages_of_one_browser_load_act_and_stay_up_to_date(open_window: Callable[..., Page], idle: Site) -> None:
    """Over HTTP/1.1 a browser holds six connections to a host."""
    ana = idle.as_user("ana@tabs.example.com", "Tabs")
    first = open_window()
    sign_in(first, idle.address, ana)
    jobs = [ana.launch("create-api-key", count=1) for _ in range(8)]
    pages = [first]
    for _ in range(7):
        pages.append(first.context.new_page())
        pages[-1].set_default_timeout(TIMEOUT_MS)
    for page, job_id in zip(pages, jobs, strict=True):
        page.goto(f"{idle.address}/jobs/{job_id}")
    until(lambda: states(pages) == ["live"] * 3 + ["polling"] * 5, 30, "three streams and five that poll")

    # One acts; what others do comes to all the rest.
    first.get_by_role("button", name="Cancel").click()
    expect(first.locator(".job-card")).to_have_attribute("data-status", "cancelled", timeout=3_000)
    for job_id in jobs[1:]:
        ana.delete(f"/api/jobs/{job_id}").raise_for_status()
    for page in pages[1:]:
        expect(page.locator(".job-card")).to_have_attribute("data-status", "cancelled")


def test_a_tab_that_polls_takes_the_stream_that_another_leaves(open_window: Callable[..., Page], idle: Site) -> None:
    ana = idle.as_user("ana@tabs.example.com", "Tabs")
    first = open_window()
    sign_in(first, idle.address, ana)
    job_id = ana.launch("create-api-key", count=1)
    pages = [first, *(first.context.new_page() for _ in range(3))]
    for page in pages:
        page.goto(f"{idle.address}/jobs/{job_id}")
    until(lambda: states(pages) == ["live"] * 3 + ["polling"], 30, "three streams")

    next(page for page in pages if chip(page).get_attribute("data-state") == "live").close()
    rest = [page for page in pages if not page.is_closed()]
    until(lambda: states(rest) == ["live"] * 3, 30, "the fourth takes over")


def test_pages_that_cannot_count_have_the_server_count_for_them(idle: Site) -> None:
    ana = idle.as_user("ana@most.example.com", "Most")
    job_id = ana.launch("create-api-key", count=1)
    with httpx2.Client(base_url=idle.address, trust_env=False) as browser:
        token = browser.get(f"/sign-in/{ana.link}").text.split('name="form_token" value="')[-1].split('"')[0]
        browser.post(f"/sign-in/{ana.link}", data={"form_token": token})
        address = f"/live/stream?view=page&jobs={job_id}"
        with browser.stream("GET", address) as one, browser.stream("GET", address) as two:
            assert (one.status_code, two.status_code) == (200, 200)
            read = [one.iter_text(), two.iter_text()]  # kept: a reader that is dropped closes its stream
            assert all(next(text) for text in read)
            assert browser.get(f"{address}&most=2").status_code == 503
            with browser.stream("GET", f"{address}&most=3") as three:
                assert three.status_code == 200


def test_the_list_lives(open_window: Callable[..., Page], idle: Site) -> None:
    """Rows appear, change and go, with the filter and the page that are shown; strangers' jobs change nothing."""
    ana, zoe = idle.as_user("ana@list.example.com", "List"), idle.as_user("zoe@other.example.com", "Other")
    window = open_window()
    sign_in(window, idle.address, ana)
    everything, waiting, second = (window, window.context.new_page(), window.context.new_page())
    everything.goto(f"{idle.address}/jobs")
    expect(everything.locator("#job-list")).to_contain_text("Nothing has run yet.")
    waiting.goto(f"{idle.address}/jobs?status=pending&jobType=create-api-key")
    second.goto(f"{idle.address}/jobs?limit=1&offset=1")
    for page in (everything, waiting, second):
        expect(chip(page)).to_have_attribute("data-state", "live")
    everything.evaluate("window.isTheSamePage = true")

    one = ana.launch("create-api-key", count=1)
    expect(everything.locator(f"#row-{one}")).to_contain_text("Pending")
    expect(waiting.locator(f"#row-{one}")).to_be_visible()
    theirs = zoe.launch("create-api-key", count=1)
    other_type = ana.launch("add-item-tags")
    expect(everything.locator("tbody tr").first).to_have_attribute("id", f"row-{other_type}")
    expect(second.locator("tbody tr")).to_have_count(1)
    expect(second.locator(f"#row-{one}")).to_be_visible()
    ana.delete(f"/api/jobs/{one}")
    expect(everything.locator(f"#row-{one}")).to_contain_text("Cancelled")
    expect(waiting.locator(f"#row-{one}")).to_have_count(0)
    assert everything.evaluate("window.isTheSamePage") is True
    for page in (everything, waiting, second):
        expect(page.locator(f"#row-{theirs}")).to_have_count(0)

    # A list without any job that lives is connected too.
    ana.delete(f"/api/jobs/{other_type}")
    expect(everything.locator("[data-live-job]")).to_have_count(0)
    again = ana.launch("create-api-key", count=1)
    expect(everything.locator(f"#row-{again}")).to_be_visible()


def test_the_list_lives_by_polling_too(open_window: Callable[..., Page], idle: Site) -> None:
    ana = idle.as_user("ana@poll.example.com", "Poll")
    page = open_window(expects_network_errors=True)
    sign_in(page, idle.address, ana)
    page.route("**/live/stream?*", lambda route: route.abort())
    page.goto(f"{idle.address}/jobs?status=pending")
    expect(chip(page)).to_have_text("Checking every 10 s")

    job_id = ana.launch("create-api-key", count=1)
    expect(page.locator(f"#row-{job_id}")).to_be_visible(timeout=20_000)
    expect(chip(page)).to_have_text("Checking every 2 s")


def _dismiss(site: Site, api: Api) -> None:
    query = (
        "with gone as (delete from public.user_organisations where user_id = $1 returning 1) select count(*) from gone"
    )
    assert run_on_database(site.dsn, query, api.user_id) == 1


def test_who_may_no_longer_look_is_told_within_a_minute(open_window: Callable[..., Page], idle: Site) -> None:
    """The job's page, the list and the API's stream, whichever way the right ended."""
    ana, bob = (idle.as_user(f"{name}@leavers.example.com", "Leavers") for name in ("ana", "bob"))
    job_id = ana.launch("create-api-key", count=1)
    hers, his = open_window(expects_network_errors=True), open_window(expects_network_errors=True)
    sign_in(hers, idle.address, ana)
    sign_in(his, idle.address, bob)
    pages = [hers, hers.context.new_page(), his]
    for page, path in zip(pages, (f"/jobs/{job_id}", "/jobs", f"/jobs/{job_id}"), strict=True):
        page.goto(idle.address + path)
        expect(chip(page)).to_have_attribute("data-state", "live")

    address = f"/api/jobs/{job_id}/events"
    expiring = {
        "Authorization": f"Bearer {make_token(idle.settings, bob.user_id, valid_s=-25)}"
    }  # for 5 s, by the leeway
    with (
        ana.stream("GET", address, timeout=60) as events,
        bob.stream("GET", address, headers=expiring, timeout=60) as expired,
    ):
        _dismiss(idle, ana)
        told = "".join(events.iter_text())
        told_him = "".join(expired.iter_text())
    for page in pages[:2]:
        expect(chip(page)).to_have_text("No longer available", timeout=60_000)

    assert '{"reconnect": false, "reason": "gone"}' in told
    assert '{"reconnect": false, "reason": "signed-out"}' in told_him
    expect(chip(his)).to_have_text("Live")


def test_a_click_while_the_server_is_away_is_told_and_sent_when_asked(
    open_window: Callable[..., Page], idle: Site
) -> None:
    ana = idle.as_user("ana@away.example.com", "Away")
    page = open_window(expects_network_errors=True)
    proxy = Proxy(idle.port)
    address = f"http://127.0.0.1:{proxy.port}"
    sign_in(page, address, ana)
    job_id = ana.launch("create-api-key", count=1)
    page.goto(f"{address}/jobs/{job_id}")
    expect(chip(page)).to_have_attribute("data-state", "live")
    proxy.cut()
    page.get_by_role("button", name="Cancel").click()
    note = page.locator("#note")
    expect(note).to_contain_text("Not sent: the server cannot be reached.", timeout=3_000)

    # One steady text, whatever is tried meanwhile.
    expect(chip(page)).to_have_attribute("data-state", "reconnecting")
    page.evaluate(
        "window.texts = new Set(); new MutationObserver(() => window.texts.add(document.getElementById('connection')"
        ".textContent)).observe(document.getElementById('connection'), {childList: true, characterData: true,"
        " subtree: true, attributes: true})"
    )
    with page.expect_event("requestfailed", lambda request: "/live/fragments" in request.url, timeout=20_000):
        pass
    with page.expect_event("requestfailed", lambda request: "/live/" in request.url, timeout=20_000):
        pass
    assert set(page.evaluate("[...window.texts]")) <= {"Reconnecting…"}

    page.get_by_role("button", name="Try again").click()  # in vain still
    expect(note).to_contain_text("Not sent: the server cannot be reached.")
    proxy.heal()
    expect(chip(page)).to_have_text(re.compile("Live|Checking"), timeout=20_000)
    assert ana.job(job_id)["status"] == "pending", "nothing is sent behind the person's back"
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".job-card")).to_have_attribute("data-status", "cancelled")
    expect(note).to_be_hidden()
    proxy.close()


def test_a_click_that_a_proxy_answers_is_told(open_window: Callable[..., Page], idle: Site) -> None:
    ana = idle.as_user("ana@away.example.com", "Away")
    page = open_window(expects_network_errors=True)
    sign_in(page, idle.address, ana)
    page.goto(f"{idle.address}/jobs/{ana.launch('create-api-key', count=1)}")
    page.route("**/cancel", lambda route: route.fulfill(status=502, body="<html><h1>502 Bad Gateway</h1></html>"))

    page.get_by_role("button", name="Cancel").click()

    expect(page.locator("#note")).to_contain_text("The server could not do this now. Try again")
    expect(page.locator("body")).not_to_contain_text("Bad Gateway")
