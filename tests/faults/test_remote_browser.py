"""Browsers that run elsewhere: a Playwright server, and a browser's own protocol."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx2
import playwright
import psutil
import pytest

from scriptjobs.chromium import browsers_path, find_chromium
from tests.processes import Api, Portal, Site, free_port, run_on_database, start_site, tags_payload, until

MENU = b"menuName,categoryName,dishName,dishPrice\nLunch,Mains,Dal,12.50\n"
# Where this Playwright looks for the browser that its server starts.
_SHELL = Path("chrome-headless-shell-linux64/chrome-headless-shell")


def browsers_of_the_farm(scratch: Path) -> Path:
    """Playwright's folder of browsers; made of the system's browser where Playwright's own cannot be downloaded."""
    found = find_chromium()
    if found is None:
        return browsers_path()
    listed = json.loads((Path(playwright.__file__).parent / "driver/package/browsers.json").read_text())
    revision = next(item["revision"] for item in listed["browsers"] if item["name"] == "chromium-headless-shell")
    folder = scratch / "browsers"
    shell = folder / f"chromium_headless_shell-{revision}" / _SHELL
    shell.parent.mkdir(parents=True, exist_ok=True)
    if not shell.exists():
        shell.symlink_to(found)
        (shell.parents[1] / "INSTALLATION_COMPLETE").touch()
    return folder


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def started(command: list[str], port: int, **environment: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until(lambda: listens(port), 30, "a browser farm")
    return process


@pytest.fixture(scope="module", params=["playwright", "cdp"])
def endpoint(request: pytest.FixtureRequest, scratch: Path) -> Generator[str]:
    port = free_port()
    if request.param == "playwright":
        command = [
            sys.executable,
            "-m",
            "playwright",
            "run-server",
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
            "--unsafe",
        ]
        process = started(command, port, PLAYWRIGHT_BROWSERS_PATH=str(browsers_of_the_farm(scratch)))
        address = f"ws://127.0.0.1:{port}/"
    else:
        shell = browsers_of_the_farm(scratch).glob(f"chromium_headless_shell-*/{_SHELL}")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-blink-features=AutomationControlled"]
        process = started([str(next(iter(shell))), f"--remote-debugging-port={port}", *flags, "about:blank"], port)
        address = f"http://127.0.0.1:{port}"
    yield address
    for child in [*psutil.Process(process.pid).children(recursive=True), process]:
        child.kill()
    process.wait()


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str], endpoint: str) -> Generator[Site]:
    settings = {
        "JOB_TYPES_PACKAGE": "tests.remote_scripts", "BROWSER_WS_ENDPOINT": endpoint, "CHROMIUM_PATH": "/nowhere",
        "TRACE": "failures",
    }  # fmt: skip
    with start_site(scratch, new_database(), portal, settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def test_a_job_runs_in_a_browser_that_is_not_ours(site: Site, ana: Api, clean_portal: Portal) -> None:
    job_id = ana.launch(**tags_payload())
    commands: set[str] = set()

    def ended() -> bool:
        for pid in site.descendants():
            with contextlib.suppress(psutil.Error):
                commands.add(" ".join(psutil.Process(pid).cmdline()))
        return ana.job(job_id)["status"] == "completed"

    until(ended, 40, "a completed job")

    assert [tag["name"] for tag in clean_portal.tags("Curry Garden")] == ["Spicy"]
    assert commands
    assert not [command for command in commands if "--headless" in command or "--type=renderer" in command]


def test_files_of_ours_reach_it(ana: Api, clean_portal: Portal) -> None:
    file_id = ana.post("/api/files", files={"file": ("menu.csv", MENU)}).json()["file"]["id"]
    account = {"email": "demo@example.com", "password": "demo-password", "restaurantName": "Curry Garden"}

    job = ana.wait_for(ana.launch("import-csv-menu", csvFile=file_id, **account))

    assert job["status"] == "completed", job["error"]
    places = clean_portal.state()["accounts"]["demo@example.com"]["restaurants"]
    assert next(place for place in places if place["name"] == "Curry Garden")["menus"][0]["name"] == "Lunch"


def test_it_looks_like_a_desk_too(ana: Api) -> None:
    seen = ana.wait_for(ana.launch("create-api-key", way="looks", password="p", country="AU"))["result"]["data"]

    assert (seen["zone"], seen["language"], seen["size"]) == ("Australia/Sydney", "en-AU", "1280x800")
    assert "Headless" not in seen["agent"]
    assert seen["webdriver"] == "false"


def test_the_fence_stands_there_too(ana: Api) -> None:
    job = ana.wait_for(ana.launch("create-api-key", way="goes", password="p", address="http://169.254.169.254/x"))

    assert (job["status"], job["error"]["code"]) == ("failed", "PERMISSION_DENIED")


def test_evidence_comes_home(ana: Api, site: Site) -> None:
    job = ana.wait_for(ana.launch("create-api-key", way="fails", password="c4nary-password"))
    query = (
        """select json_agg(f.name) from script_job_files f join script_jobs j on j.id = f.job_id where j.job_id = $1"""
    )

    assert {"page.html", "page.jpg", "browser.txt", "trace.zip"} < set(run_on_database(site.dsn, query, job["jobId"]))


def test_a_stopped_job_leaves_no_page_there(ana: Api, endpoint: str) -> None:
    job_id = ana.launch("create-api-key", way="stays", password="p")
    ana.wait_for(job_id, "in_progress")
    until(lambda: ana.job(job_id)["progress"]["currentStep"], 20, "the first step")
    ana.post(f"/api/jobs/{job_id}/stop")

    assert ana.wait_for(job_id)["status"] == "cancelled"
    if endpoint.startswith("http"):

        def is_gone() -> bool:
            pages = httpx2.get(f"{endpoint}/json", trust_env=False).json()
            return not [page for page in pages if "/login" in page["url"]]

        assert until(is_gone, 10, "a closed page") is True


def test_a_farm_that_is_away_is_named_and_asked_again(own_site: Callable[..., Site]) -> None:
    site = own_site(
        JOB_TYPES_PACKAGE="tests.remote_scripts", BROWSER_WS_ENDPOINT=f"ws://127.0.0.1:{free_port()}/?token=s3cret-token",
        WARM_RUNNERS="0",
    )  # fmt: skip
    ana = site.as_user()
    job_id = ana.launch("create-api-key", way="looks", password="p")

    def error() -> dict[str, Any] | None:
        return ana.job(job_id)["error"]

    said = until(error, 40, "an error")
    assert said["code"] == "BROWSER_CRASHED"
    assert "BROWSER_WS_ENDPOINT" in said["message"]
    assert "s3cret-token" not in json.dumps(ana.job(job_id)) + site.log_text()
