"""What a failed try leaves: pictures, the page, what the browser said, a trace; and not one secret in any of it."""

import html
import io
import zipfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.processes import Api, Portal, Site, run_on_database, start_site

CANARY = "c4nary/pass+word&<x>"
KEY = "key-0987654321"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    settings = {"JOB_TYPES_PACKAGE": "tests.browser_scripts", "TRACE": "failures"}
    with start_site(scratch, new_database(), portal, settings) as started:
        yield started


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def run(api: Api, way: str, **payload: Any) -> dict[str, Any]:
    return api.wait_for(api.launch("create-api-key", **{"way": way, "password": CANARY, **payload}), timeout_s=60)


def files_of(ana: Api, site: Site, way: str) -> dict[str, bytes]:
    """The files of a job that failed in this way, as they lie in the storage."""
    job = run(ana, way)
    assert (job["status"], job["error"]["code"]) == ("failed", "ELEMENT_NOT_FOUND")
    query = """select json_agg(json_build_array(f.name, f.storage_key)) from script_job_files f
               join script_jobs j on j.id = f.job_id where j.job_id = $1"""
    keys = run_on_database(site.dsn, query, job["jobId"])
    return {name: (site.settings.var_dir / "files" / key).read_bytes() for name, key in keys}


@pytest.fixture(scope="module")
def left(ana: Api, site: Site) -> dict[str, bytes]:
    """Of one that failed on a page full of secrets."""
    return files_of(ana, site, "fails")


def test_a_page_that_lists_keys_is_kept_in_no_form(ana: Api, site: Site) -> None:
    kept = files_of(ana, site, "private")

    assert set(kept) == {"001-step-01-done.jpg", "browser.txt"}
    assert b"a word of the page" in kept["browser.txt"]
    assert not [name for name, content in kept.items() if b"somebody-elses-key" in content]


def test_a_failure_leaves_all_that_helps_to_understand_it(left: dict[str, bytes]) -> None:
    assert {"page.jpg", "page.html", "browser.txt", "trace.zip"} < set(left)
    assert [name for name in left if name.startswith("001-step-01-failed")]


def test_the_picture_shows_the_whole_page_and_covers_what_is_secret(left: dict[str, bytes]) -> None:
    whole = Image.open(io.BytesIO(left["page.jpg"]))
    colours = {whole.getpixel((200, y)) for y in range(60, 200, 2)}

    assert whole.height > 3_000
    assert any(all(abs(part - 0x88) < 12 for part in colour) for colour in colours)  # type: ignore[union-attr]


def test_the_page_is_kept_without_its_secrets(left: dict[str, bytes]) -> None:
    page = left["page.html"].decode()

    assert "<h1>Settings</h1>" in page
    assert "[redacted]" in page
    assert not [secret for secret in (CANARY, html.escape(CANARY), KEY) if secret in page]


def test_what_the_browser_said_is_kept_without_secrets(left: dict[str, bytes]) -> None:
    said = left["browser.txt"].decode()

    assert "console error: the console says [redacted]" in said
    assert "page error: thrown on the page" in said
    assert "HTTP 404: GET http://127.0.0.1" in said or "failed: GET http://127.0.0.1:1/closed" in said
    assert "token=" not in said


def test_no_entry_of_the_trace_holds_a_secret(left: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(left["trace.zip"])) as trace:
        entries = {name: trace.read(name) for name in trace.namelist()}
    forms = [CANARY.encode(), html.escape(CANARY).encode(), CANARY.replace("/", "%2F").encode(), KEY.encode()]

    assert any(name.endswith(".trace") for name in entries)
    assert not [name for name, content in entries.items() if any(form in content for form in forms)]


def test_people_find_it_on_the_page_of_the_job(ana: Api, site: Site) -> None:
    import httpx2

    job = run(ana, "fails")
    with httpx2.Client(base_url=site.address, follow_redirects=True, trust_env=False) as browser:
        token = browser.get(f"/sign-in/{site.as_user().link}").text.split('name="form_token" value="')[-1].split('"')[0]
        browser.post("/sign-in/" + site.as_user().link, data={"form_token": token})
        page = browser.get(f"/jobs/{job['jobId']}").text
        links = {part.split('"')[0] for part in page.split('href="')[1:] if "/files/" in part.split('"')[0]}
        answers = [browser.get(link) for link in links]
    trace = next(answer for answer in answers if answer.headers["content-type"] == "application/zip")
    document = next(answer for answer in answers if "text/html" in answer.headers["content-type"])

    assert "Trace for Playwright" in page
    assert document.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in document.headers["content-security-policy"]
    assert zipfile.is_zipfile(io.BytesIO(trace.content))


def test_a_success_leaves_its_pictures_alone(ana: Api, site: Site) -> None:
    job = run(ana, "looks")
    query = "select count(*) from script_job_files f join script_jobs j on j.id = f.job_id where j.job_id = $1"

    assert job["status"] == "completed"
    assert run_on_database(site.dsn, query, job["jobId"]) == 1


@pytest.mark.parametrize(
    ("country", "language", "zone"),
    [
        ("NZ", "en-NZ", "Pacific/Auckland"), ("AU", "en-AU", "Australia/Sydney"), ("US", "en-US", "America/New_York"),
        ("GB", "en-GB", "Europe/London"), ("CA", "en-CA", "America/Toronto"),
    ],
)  # fmt: skip
def test_the_browser_looks_like_a_desk_in_its_country(ana: Api, country: str, language: str, zone: str) -> None:
    seen = run(ana, "looks", country=country)["result"]["data"]

    assert (seen["language"], seen["zone"], seen["size"], seen["webdriver"]) == (language, zone, "1280x800", "false")
    assert "Headless" not in seen["agent"]


@pytest.mark.parametrize("way", ["goes", "opens"])
@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd"])
def test_a_script_that_wanders_off_is_told_where_to(ana: Api, way: str, address: str) -> None:
    job = run(ana, way, address=address)

    assert (job["status"], job["error"]["code"]) == ("failed", "PERMISSION_DENIED")
    assert address.split("/")[2] in job["error"]["message"]
    assert "meta-data" not in job["error"]["message"]
