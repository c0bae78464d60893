"""Scripts that misbehave: the job ends with the right code, nothing stays behind, the worker goes on."""

import base64
import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from tests.escaping import WAYS, strays
from tests.processes import Api, Portal, Site, start_site, until

CANARY = "c4nary/pass+word&<x>"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    with start_site(scratch, new_database(), portal, {"LEASE_SECONDS": "3"}) as started:
        yield started


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def misbehave(api: Api, way: str, **payload: Any) -> dict[str, Any]:
    job_id = api.launch("setup-services", way=way, **payload)
    return api.wait_for(job_id, timeout_s=60)


def nothing_is_left(site: Site) -> None:
    """Only warm runners may live below the worker; no stopped, no strange process, no folder of an ended run."""

    def look() -> bool:
        [home] = site.log.parent.glob(f"sj-*-{site.process.pid}-*")
        folders = list(home.iterdir())
        mine = [process for process in psutil.process_iter() if _works_in(process, home)]
        return len(folders) <= 1 and all(_works_in(process, folder) for process in mine for folder in folders)

    assert until(look, 20, "a clean process table")


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        inside = process.cwd() == str(folder) or process.cwd().startswith(f"{folder}/")
        return inside or process.environ().get("TMPDIR", "").startswith(str(folder))
    except psutil.Error:
        return False


def test_a_hundred_megabytes_of_output_are_capped(site: Site, ana: Api) -> None:
    job = misbehave(ana, "print_100mb")

    log = [event for event in ana.events(job["jobId"]) if event["kind"] == "log"]
    assert job["status"] == "completed"
    assert sum(len(event["text"]) for event in log) < 1_300_000
    assert any("104,857,600 bytes" in event["text"] or "full" in event["text"] for event in log)
    nothing_is_left(site)


def test_a_script_that_never_ends_times_out(site: Site, ana: Api) -> None:
    job = misbehave(ana, "never_ends")

    assert (job["status"], job["error"]["code"]) == ("timed_out", "TIMEOUT")
    assert "Last step: Misbehave" in job["error"]["message"]
    nothing_is_left(site)


def test_a_script_deaf_to_signals_times_out_too(site: Site, ana: Api) -> None:
    assert misbehave(ana, "ignores_sigterm")["status"] == "timed_out"
    nothing_is_left(site)


@pytest.mark.parametrize(
    ("way", "code", "words"), [("dies", "UNKNOWN_ERROR", "exit status 7"), ("killed", "BROWSER_CRASHED", "signal 9")]
)
def test_a_script_that_dies_at_once_says_how(site: Site, ana: Api, way: str, code: str, words: str) -> None:
    job = misbehave(ana, way)

    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert words in job["error"]["message"]
    if way == "dies":
        assert "out of luck" in job["error"]["message"]
    nothing_is_left(site)


@pytest.mark.parametrize("way", ["leaves_children", "wedges_browser"])
def test_what_a_script_leaves_is_ended(site: Site, ana: Api, way: str) -> None:
    before = {process.pid for process in psutil.process_iter()}

    job = misbehave(ana, way)

    assert job["status"] == ("completed" if way == "leaves_children" else "failed")
    nothing_is_left(site)
    strays = [
        process.pid for process in psutil.process_iter()
        if process.pid not in before and "time.sleep(600)" in " ".join(_command(process))
    ]  # fmt: skip
    assert strays == []


def test_what_escapes_from_a_job_is_ended_counted_and_told(site: Site, ana: Api) -> None:
    token = uuid4().hex
    job = misbehave(ana, "escapes", token=token)

    assert job["status"] == "completed"
    assert not strays(token)
    [line] = [line for line in site.log_text().splitlines() if "leftovers_ended" in line and job["jobId"] in line]
    assert json.loads(line)["leftovers"] >= len(WAYS)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_busy_script_keeps_its_lease(site: Site, ana: Api) -> None:
    """It blocks its own process for longer than two leases; the worker's own task renews."""
    job = misbehave(ana, "busy")

    assert (job["status"], job["attempt"]) == ("completed", 1)


def test_a_flood_of_progress_is_merged_and_its_last_value_is_exact(site: Site, ana: Api) -> None:
    job = misbehave(ana, "floods")

    progress = [event for event in ana.events(job["jobId"]) if event["kind"] == "progress"]
    assert len(progress) <= 12
    assert progress[-1]["message"] in {"the last one", "Misbehave"}
    assert any(event["message"].startswith("flood") for event in progress)


def test_a_nul_character_harms_nobody(site: Site, ana: Api) -> None:
    job = misbehave(ana, "says_nul")

    log = [event["text"] for event in ana.events(job["jobId"]) if event["kind"] == "log"]
    assert (job["status"], job["error"]["message"]) == ("failed", "i�j")
    assert {"a�b", "out�put"} <= set(log)


def test_a_secret_shows_nowhere(site: Site, ana: Api) -> None:
    job = misbehave(ana, "tells_secret", password=CANARY)

    job_id = job["jobId"]
    everything = [
        ana.get(f"/api/jobs/{job_id}").text, ana.get(f"/api/jobs/{job_id}/status").text, ana.get("/api/jobs").text,
        str(ana.events(job_id)), site.log_text(), _database_dump(site),
    ]  # fmt: skip
    with httpx2.Client(base_url=site.address, follow_redirects=True) as browser:
        browser.post(f"/sign-in/{ana.link}")
        everything.append(browser.get(f"/jobs/{job_id}").raise_for_status().text)
    forms = {CANARY, CANARY[:6], base64.b64encode(CANARY.encode()).decode()[:20], "c4nary%2F"}
    assert job["error"]["code"] == "VALIDATION_ERROR"
    assert "[redacted]" in job["error"]["message"]
    assert "[redacted]" in everything[3]
    for text in everything:
        assert not [form for form in forms if form in text]


def _database_dump(site: Site) -> str:
    import subprocess

    from scriptjobs.embedded import find_binaries

    command = [str(find_binaries() / "pg_dump"), "--data-only", site.dsn]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
