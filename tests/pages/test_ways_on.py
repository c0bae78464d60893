"""What a job's page tells at the end, and the ways on from it: run again, retry what failed, look closer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import sign_in
from tests.processes import Api, Portal, Site, run_on_database, start_site, tags_payload


@pytest.fixture(scope="module")
def idle(scratch, portal, new_database):
    """Nobody runs its jobs: what came of them is written by hand."""
    with start_site(
        scratch, new_database(), portal, {"WORKERS": "0", "JOB_TYPES_PACKAGE": "portal_scripts"}
    ) as started:
        yield started


def complete(site: Site, job_id: str, result: dict[str, Any]) -> None:
    start = """
        with attempt as (
            insert into script_job_attempts (job_id, number, worker_id, lease_expires_at, ended_at, outcome)
            select id, 1, 'w', now(), now(), 'completed' from script_jobs where job_id = $1 returning id, job_id
        ) update script_jobs j set status = 'in_progress', started_at = now(), attempt_count = 1, attempt_id = a.id
          from attempt a where j.id = a.job_id returning 1
    """
    assert run_on_database(site.dsn, start, job_id)
    end = "update script_jobs set status = 'completed', completed_at = now(), result = $2 where job_id = $1 returning 1"
    assert run_on_database(site.dsn, end, job_id, json.dumps(result))


@pytest.fixture
def window(open_window: Callable[..., Page], idle: Site) -> Page:
    page = open_window()
    sign_in(page, idle.address, idle.as_user("ana@ways.example.com", "Ways"))
    return page


TAGS = [{"name": name, "color": "#FF3333"} for name in ("Spicy", "Gluten  Free", "Vegan", "New")]


def _partial(statuses: dict[str, str]) -> dict[str, Any]:
    details = [{"name": name, "status": status} for name, status in statuses.items()]
    return {"success": True, "partial": True, "message": "Some tags are not done.", "data": {"details": details}}


def test_what_failed_in_part_is_tried_again_alone(window: Page, idle: Site) -> None:
    ana = idle.as_user("ana@ways.example.com", "Ways")
    job_id = ana.launch(**tags_payload(itemTags=TAGS))
    complete(idle, job_id, _partial({"Spicy": "created", "Gluten Free": "failed", "Vegan": "failed", "New": "skipped"}))
    window.goto(f"{idle.address}/jobs/{job_id}")
    expect(window.get_by_role("link", name="Run again")).to_be_visible()

    window.get_by_role("link", name="Retry the 2 that failed").click()

    rows = window.locator("[name^='itemTags.'][name$='.name']")
    names = [row.input_value() for row in rows.all()]
    assert [name for name in names if name] == ["Gluten Free", "Vegan"]
    expect(window.locator("[name=restaurantName]")).to_have_value("Curry Garden")
    expect(window.locator("[name=password]")).to_have_value("")
    window.locator("[name=password]").fill("demo-password")
    window.get_by_role("button", name="Start the job").click()
    window.wait_for_url("**/jobs/JOB_*")
    query = "select input_payload from script_jobs where job_id = $1"
    stored = run_on_database(idle.dsn, query, window.url.rsplit("/", 1)[-1])
    assert [tag["name"] for tag in stored["itemTags"]] == ["Gluten Free", "Vegan"]


def test_a_completed_job_runs_again(window: Page, idle: Site) -> None:
    ana = idle.as_user("ana@ways.example.com", "Ways")
    job_id = ana.launch(**tags_payload(itemTags=TAGS, restaurantName="Coming Soon"))
    complete(idle, job_id, {"success": True, "message": "All done.", "data": {}})
    window.goto(f"{idle.address}/jobs/{job_id}")
    expect(window.get_by_role("link", name="Retry the")).to_have_count(0)

    window.get_by_role("link", name="Run again").click()

    expect(window.locator("[name=restaurantName]")).to_have_value("Coming Soon")
    expect(window.locator("[name='itemTags.3.name']")).to_have_value("New")


def test_a_cancelled_job_starts_again_with_changes(window: Page, idle: Site) -> None:
    ana = idle.as_user("ana@ways.example.com", "Ways")
    job_id = ana.launch(**tags_payload(itemTags=TAGS))
    ana.delete(f"/api/jobs/{job_id}")
    window.goto(f"{idle.address}/jobs/{job_id}")

    window.get_by_role("link", name="Start again with changes").click()

    expect(window.locator("[name='itemTags.0.name']")).to_have_value("Spicy")


def test_a_viewer_is_offered_nothing(open_window: Callable[..., Page], idle: Site) -> None:
    ana, vic = idle.as_user("ana@ways.example.com", "Ways"), idle.as_user("vic@ways.example.com", "Ways", role="viewer")
    job_id = ana.launch(**tags_payload(itemTags=TAGS))
    complete(idle, job_id, _partial({"Spicy": "failed"}))
    page = open_window()
    sign_in(page, idle.address, vic)
    page.goto(f"{idle.address}/jobs/{job_id}")

    expect(page.get_by_role("heading", name="Some tags are not done.")).to_be_visible()
    expect(page.locator(".job-card__actions a, .job-card__actions button")).to_have_count(0)


def test_title_question_and_what_was_unfolded_follow_the_job(page: Page, site: Site, ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=30, pause_s=0.1)
    page.goto(f"{site.address}/jobs/{job_id}")
    expect(page).to_have_title("In Progress · Count · Script Jobs", timeout=20_000)
    page.get_by_role("button", name="Stop").click()
    question = page.get_by_role("dialog", name="Stop this job?")
    expect(question).to_be_visible()

    expect(page).to_have_title("Completed · Count · Script Jobs")
    expect(question).to_be_hidden()

    page.get_by_text("As JSON").click()
    unfolded = page.locator(".job-result details pre")
    expect(unfolded).to_be_visible()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Kept until somebody lets it go.")).to_be_visible()
    expect(unfolded).to_be_visible()


def test_a_phone_shows_the_browser_before_the_steps(
    open_window: Callable[..., Page], site: Site, ana: Api, clean_portal: Portal
) -> None:
    job_id = ana.launch(**tags_payload())
    ana.wait_for(job_id, "completed")
    page = open_window(is_mobile=True, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site.address, ana)
    page.goto(f"{site.address}/jobs/{job_id}")

    picture = page.locator(".job-picture img")
    expect(picture).to_be_visible()
    tops = [page.locator(part).bounding_box()["y"] for part in (".job-picture", ".job-steps", ".job-log")]  # type: ignore[index]
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_menu_with_errors_is_called_by_its_own_name(own_site: Callable[..., Site]) -> None:
    api = own_site(JOB_TYPES_PACKAGE="portal_scripts", WORKERS="1").as_user()
    bad = b"menuName,categoryName,dishName,dishPrice\nLunch,Mains,Dal,dear\n"
    id_ = api.post("/api/files", files={"file": ("Mittagsmenü of May.csv", bad)}).json()["file"]["id"]
    job_id = api.launch(
        "import-csv-menu", email="demo@example.com", password="p", restaurantName="Curry Garden", csvFile=id_
    )

    said = api.wait_for(job_id, "failed")["error"]["message"]

    assert "“Mittagsmenü of May.csv” cannot be imported: line 2" in said
    assert id_ not in said
