"""What a person does with a job on its page: stop, resume, run now, decide about what is blocked, keep; and sees why."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import sign_in
from tests.processes import Api, Site, tags_payload, until


def test_stop_asks_first_stays_open_while_the_page_lives_and_ends_in_a_job_to_resume(
    page: Page, site: Site, ana: Api
) -> None:
    job_id = ana.launch("create-api-key", count=300, pause_s=0.05)
    page.goto(f"{site.address}/jobs/{job_id}")
    expect(page.get_by_text("Step 1 of 2")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Stop").click()
    question = page.get_by_role("dialog", name="Stop this job?")
    expect(question).to_be_visible()
    page.wait_for_timeout(1_200)  # updates come in; the question must not go away under the hand
    expect(question).to_be_visible()
    question.get_by_role("button", name="Stop now").click()

    expect(question).to_be_hidden()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible(timeout=15_000)
    expect(page.locator(".job-card__note")).to_contain_text("stopped in step 1 of 2: number")
    expect(page.get_by_text("Stop: closing the browser")).to_be_visible()
    expect(page.locator("#step-1")).to_have_attribute("data-state", "stopped")
    expect(page.locator("#step-1")).to_contain_text("Count, stopped")
    page.get_by_role("button", name="Resume at step 1").click()
    # The stream had ended with the job; it begins anew.
    expect(page.locator(".job-card__note")).to_contain_text("resumed at step 1", timeout=20_000)
    expect(page.locator("#log")).to_contain_text("counted 60", timeout=20_000)
    ana.post(f"/api/jobs/{job_id}/stop")
    ana.wait_for(job_id)


def test_let_it_run(page: Page, site: Site, ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=40, pause_s=0.05)
    page.goto(f"{site.address}/jobs/{job_id}")
    expect(page.get_by_text("Step 1 of 2")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Stop").press("Enter")
    page.get_by_role("button", name="Let it run").click()

    assert ana.wait_for(job_id)["status"] == "completed"


@pytest.fixture
def idle(own_site: Callable[..., Site]) -> Site:
    return own_site(WORKERS="0")


def test_a_blocked_job_offers_what_can_be_done(open_window: Callable[..., Page], idle: Site) -> None:
    ana = idle.as_user()
    page = open_window()
    sign_in(page, idle.address, ana)
    first = ana.launch("create-api-key")
    answer = ana.post("/api/jobs", json={"jobType": "create-api-key", "payload": {}, "dependsOn": [first]})
    second = answer.json()["job"]["jobId"]
    page.goto(f"{idle.address}/jobs/{second}")
    expect(page.get_by_text(f"Waits for create-api-key ({first}).")).to_be_visible()
    ana.delete(f"/api/jobs/{first}")
    page.reload()

    expect(page.get_by_text(f"Blocked: create-api-key ({first}) did not complete.")).to_be_visible()
    page.get_by_role("button", name="Retry what failed").click()
    until(lambda: ana.job(first)["status"] == "pending", 5, "the retry")
    ana.delete(f"/api/jobs/{first}")
    page.reload()
    page.get_by_role("button", name="Run anyway").click()
    expect(page.locator(".waiting-reason")).to_contain_text("No worker runs. The operator has to start one.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()


def test_a_scheduled_job_says_when_starts_now_and_can_be_kept_without_script(
    open_window: Callable[..., Page], idle: Site
) -> None:
    ana = idle.as_user()
    page = open_window(java_script_enabled=False)
    sign_in(page, idle.address, ana)
    body = {"jobType": "create-api-key", "payload": {}, "runAt": "2099-01-01T10:00:00Z"}
    job_id = ana.post("/api/jobs", json=body).json()["job"]["jobId"]
    page.goto(f"{idle.address}/jobs/{job_id}")
    expect(page.get_by_text("Starts at 01 Jan 2099, 10:00 UTC.")).to_be_visible()
    page.get_by_role("button", name="Start now").click()
    expect(page.locator(".waiting-reason")).to_contain_text("No worker runs.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Deleted after")).to_be_visible()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Kept until somebody lets it go.")).to_be_visible()

    assert ana.job(job_id)["keep"] is True


def test_a_second_job_for_a_restaurant_leads_to_the_first_or_starts_anyway(
    open_window: Callable[..., Page], own_site: Callable[..., Site]
) -> None:
    site = own_site(WORKERS="0", JOB_TYPES_PACKAGE="portal_scripts")
    ana = site.as_user()
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)
    first = ana.post("/api/jobs", json={"jobType": "add-item-tags", "payload": tags_payload()}).json()["job"]["jobId"]
    page.goto(f"{site.address}/launch/add-item-tags?from={first}")
    page.get_by_label("Portal password").fill("demo-password")
    page.get_by_role("button", name="Start the job").click()

    expect(page.get_by_role("alert")).to_contain_text(f"{first} waits for this restaurant already.")
    expect(page.get_by_role("link", name="Watch that one")).to_have_attribute("href", f"/jobs/{first}")
    page.get_by_label("Portal password").fill("demo-password")
    page.get_by_role("button", name="Start a second one anyway").click()
    page.wait_for_url("**/jobs/JOB_*")
    assert first not in page.url


def test_the_list_says_why_jobs_wait(open_window: Callable[..., Page], idle: Site) -> None:
    ana = idle.as_user()
    page = open_window()
    sign_in(page, idle.address, ana)
    ana.launch("create-api-key")
    page.goto(f"{idle.address}/jobs")

    expect(page.get_by_text("No worker runs. The operator has to start one.")).to_be_visible()
    page.goto("about:blank")  # a stream that opens while its site ends is cut, which a browser complains about
