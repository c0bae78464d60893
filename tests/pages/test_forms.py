"""The launch forms of all types in a real browser: what is drawn is what is posted, and files are looked into first."""

import io
import json
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from scriptjobs.job_types import JobType
from scriptjobs.sealing import erase
from tests.pages.conftest import TIMEOUT_MS, sign_in
from tests.processes import Api, Portal, Site, run_on_database, start_site
from tests.scripts.desk import TYPES

HEAD = "menuName,categoryName,dishName,dishPrice"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    """All types, and nobody who runs them."""
    settings = {"JOB_TYPES_PACKAGE": "portal_scripts", "WORKERS": "0"}
    with start_site(scratch, new_database(), portal, settings) as started:
        yield started


@pytest.fixture(scope="module")
def window(browser: Browser, site: Site) -> Generator[Page]:
    """One window for the forms of all types."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    sign_in(page, site.address, site.as_user("ana@pages.example.com", "Pages"))
    yield page
    context.close()


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 20), "#b400fa").save(made, "PNG")
    return made.getvalue()


def upload(api: Api, name: str, content: bytes) -> str:
    return api.post("/api/files", files={"file": (name, content)}).json()["file"]["id"]


def whole(api: Api, kind: JobType) -> dict[str, Any]:
    """The fullest example of a type, with files that exist."""
    payload = {**kind.examples[-1]}
    if kind.name == "import-csv-menu":
        payload["csvFile"] = upload(api, "menu.csv", f"{HEAD}\nLunch,Mains,Dal,1\n".encode())
    if kind.name.startswith("configure-website"):
        logo = upload(api, "logo.png", picture())
        payload |= {"logo": logo, "header": {"enabled": True, "background": logo}, "navTextColor": "#0A0B0C"}
    return payload


def stored(site: Site, job_id: str) -> str:
    """What a job will work with, but its secrets. A browser's colour picker writes small letters."""
    query = "select input_payload from script_jobs where job_id = $1"
    return json.dumps(erase(run_on_database(site.dsn, query, job_id)), sort_keys=True).casefold()


@pytest.mark.parametrize("kind", list(TYPES), ids=lambda kind: kind.name)
def test_a_form_posts_what_it_was_filled_with(window: Page, site: Site, ana: Api, kind: JobType) -> None:
    page = window
    body = {"jobType": kind.name, "payload": whole(ana, kind)}
    first = ana.post("/api/jobs", json=body).raise_for_status().json()["job"]["jobId"]
    page.goto(f"{site.address}/launch/{kind.name}?from={first}")
    page.locator("[name=password]").fill("example-password")

    page.get_by_role("button", name="Start the job").click()
    page.get_by_role("button", name="Start a second one anyway").wait_for()
    page.locator("[name=password]").fill("example-password")
    page.get_by_role("button", name="Start a second one anyway").click()
    page.wait_for_url("**/jobs/JOB_*")

    assert stored(site, page.url.rsplit("/", 1)[-1]) == stored(site, first)


@pytest.mark.parametrize("kind", list(TYPES), ids=lambda kind: kind.name)
def test_an_empty_form_asks_for_what_is_needed_and_nothing_else(window: Page, site: Site, kind: JobType) -> None:
    """Blank rows, unchosen files and untouched colours are no input."""
    page = window
    page.goto(f"{site.address}/launch/{kind.name}")
    page.locator("form.form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Start the job").click()

    # Lists with presets have something in them from the beginning.
    given = {"itemTags", "openingHours"}
    wanted = {*kind.required_fields} - given | ({"csvFile"} if kind.name == "import-csv-menu" else set())
    links = page.get_by_role("alert").get_by_role("link")
    # A click returns when the answer begins, so what it says may still be on its way.
    expect(links).to_have_count(len(wanted))
    assert {link.get_attribute("href") for link in links.all()} == {f"#{name}" for name in wanted}
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_menu_is_checked_before_the_job_starts(open_window: Callable[..., Page], site: Site, ana: Api) -> None:
    page = open_window(expects_network_errors=True)
    sign_in(page, site.address, ana)
    page.goto(f"{site.address}/launch/import-csv-menu")
    page.locator("[name=restaurantName]").fill("Curry Garden")
    page.locator("[name=password]").fill("typed-once")
    bad = f"{HEAD}\nLunch,Mains,Dal,dear\nLunch,,Naan,3\n"
    page.locator("[name=csvFile]").set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": bad.encode()})
    page.get_by_role("button", name="Check the file").click()

    errors = page.locator(".file-preview [data-kind=errors] li")
    expect(errors).to_have_text(
        [re.compile("line 2.*dishPrice.*“dear” is not a price"), re.compile("line 3.*categoryName")]
    )
    expect(page.get_by_role("alert")).to_contain_text("has 2 errors")
    expect(page.locator("[name=restaurantName]")).to_have_value("Curry Garden")
    page.get_by_text("The first 2 rows").click()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320

    good = f"{HEAD}\nLunch,Mains,Dal,$12\nLunch,Breads,Naan,3\n"
    page.locator("[name=csvFile]").set_input_files(
        {"name": "good.csv", "mimeType": "text/csv", "buffer": good.encode()}
    )
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".file-preview__name")).to_contain_text("good.csv")
    expect(page.locator(".file-preview__name")).to_contain_text("2 items, 2 categories, 0 errors, 1 warning")
    expect(page.get_by_role("button", name="Check the file")).to_be_focused()
    page.get_by_text("The first 2 rows").click()
    expect(page.locator(".file-preview td").filter(has_text="12.00")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("[name=password]")).to_have_value("typed-once")

    page.locator("[name=email]").fill("demo@example.com")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/JOB_*")


def test_a_file_of_the_wrong_kind_is_told_beside_its_field(
    open_window: Callable[..., Page], site: Site, ana: Api
) -> None:
    page = open_window(expects_network_errors=True, java_script_enabled=False)
    sign_in(page, site.address, ana)
    page.goto(f"{site.address}/launch/configure-website-light")
    for name, value in {"email": "demo@example.com", "password": "p", "restaurantName": "Curry Garden",
                        "primaryColor": "#112233", "headCode": "<b>", "bodyCode": "<b>"}.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=logo]").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.locator("[name=favicon]").set_input_files({"name": "f.png", "mimeType": "image/png", "buffer": picture()})
    page.get_by_role("button", name="Start the job").click()

    expect(page.locator("[id=logo-error]")).to_contain_text("is no picture")
    expect(page.locator(".file-preview")).to_contain_text("40 × 20 pixels")
    expect(page.locator("[name=secondaryColor]")).to_have_value("")
    expect(page.locator("[name=headCode]")).to_have_value("<b>")


@pytest.mark.parametrize("which", ["primary", "secondary"])
def test_a_colour_is_picked_or_typed_and_never_grey_unasked(page: Page, site: Site, which: str) -> None:
    page.goto(f"{site.address}/launch/configure-website-light")
    picker, text = page.get_by_label(f"Choose {which} colour"), page.locator(f"[name={which}Color]")

    assert text.evaluate("field => field.required") is (which == "primary")
    expect(text).to_have_value("")
    picker.fill("#112233")
    expect(text).to_have_value("#112233")
    text.fill("#445566")
    expect(picker).to_have_value("#445566")
