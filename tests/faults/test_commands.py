"""Job types that are commands in another language: real Node scripts, run by a real worker."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import playwright
import psutil
import pytest

from scriptjobs.chromium import find_chromium
from tests.escaping import strays
from tests.processes import Api, Portal, Site, alive, start_site, until

CANARY = "c4nary/pass+word&<x>"
DRIVER = Path(playwright.__file__).parent / "driver" / "package"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    listed = f"HEADLESS=true,NODE_ENV=production,PLAYWRIGHT={DRIVER},CHROMIUM={find_chromium()},PORTAL={portal.address}"
    settings = {"JOB_TYPES_PACKAGE": "tests.command_scripts", "SCRIPT_ENVIRONMENT": listed, "NOT_FOR_SCRIPTS": "1"}
    with start_site(scratch, new_database(), portal, settings) as started:
        yield started


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def run(api: Api, way: str, **payload: Any) -> dict[str, Any]:
    job_id = api.launch("create-api-key", way=way, **{"password": CANARY, **payload})
    return api.wait_for(job_id, timeout_s=60)


def test_a_printed_block_is_the_result_and_steps_are_progress(ana: Api) -> None:
    job = run(ana, "block")
    told = ana.events(job["jobId"])
    steps = [(event["position"], event["title"], event["state"]) for event in told if event.get("title")]

    assert job["status"] == "completed"
    assert job["result"]["data"]["apiKeyName"] == "Till"
    assert (job["progress"]["currentStep"], job["progress"]["totalSteps"]) == (2, 3)
    assert steps == [(1, "Sign in", "running"), (1, "Sign in", "done"), (2, "Work", "running"), (2, "Work", "done")]
    assert any(event.get("message") == "[2/2] Creating: two" for event in told)


def test_a_secret_of_the_result_is_neither_in_the_answer_nor_in_the_log(ana: Api) -> None:
    job = run(ana, "block")

    assert "key-1234567890" not in json.dumps(job)
    assert "key-1234567890" not in json.dumps(ana.events(job["jobId"]))


@pytest.mark.parametrize(
    ("way", "result"),
    [
        ("old_block", {"success": True, "data": {"uploadedLogoUrl": "https://example.com/logo.png"}}),
        ("json", {"success": True, "partial": True, "message": "some", "data": {"created": 1}}),
        (
            "counts",
            {"success": True, "partial": True, "message": "2 of 3 created.", "data": {"created": 2, "total": 3}},
        ),
        ("silent", {"success": True, "unverified": True}),
    ],
)
def test_each_way_of_printing_a_result_is_understood(ana: Api, way: str, result: dict[str, Any]) -> None:
    job = run(ana, way)

    assert job["status"] == "completed"
    assert job["result"] | result == job["result"]


@pytest.mark.parametrize(
    ("way", "code", "words"),
    [
        ("kills_itself", "BROWSER_CRASHED", "signal 9 and gave no result. Most likely the machine ran out of memory"),
        ("exits", "AUTH_FAILED", "Login failed - not redirected to dashboard"),
        ("boasts", "UNKNOWN_ERROR", "exit status 3"),
        ("says_no", "VALIDATION_ERROR", "The validation of the form failed"),
        ("crashes", "ETIMEDOUT", "ETIMEDOUT while waiting for the portal"),
    ],
)
def test_a_script_that_fails_says_why(ana: Api, way: str, code: str, words: str) -> None:
    job = run(ana, way)

    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert words in job["error"]["message"]


def test_a_password_that_a_script_prints_reaches_nobody(ana: Api, site: Site) -> None:
    job = run(ana, "tells")
    said = json.dumps(ana.events(job["jobId"])) + json.dumps(job)

    assert job["status"] == "completed"
    assert "[redacted]" in said
    assert CANARY not in said
    assert CANARY not in site.log_text()
    assert "c4nary%2Fpass%2Bword" not in said


def test_the_payload_lies_in_a_private_file_that_is_gone_afterwards(ana: Api) -> None:
    data = run(ana, "reads")["result"]["data"]

    assert (data["mode"], data["folderMode"], data["isOurs"]) == ("600", "700", True)
    assert data["argv"] == [f"--payload={data['path']}"]
    assert not Path(data["path"]).exists()
    assert until(lambda: not Path(data["path"]).parent.exists(), 5, "the end of the folder") is True


def test_nothing_is_inherited_but_what_is_listed(ana: Api) -> None:
    env = run(ana, "reads")["result"]["data"]["env"]

    assert set(env) == {"PATH", "HOME", "TMPDIR", "HEADLESS", "NODE_ENV", "PLAYWRIGHT", "CHROMIUM", "PORTAL"}
    assert (env["HEADLESS"], env["NODE_ENV"]) == ("true", "production")


def test_signs_of_the_shell_are_just_text(ana: Api) -> None:
    note = "a=b=c \"$HOME\" `id` 'x' \\ & ; | é 寿司"

    assert run(ana, "reads", note=note)["result"]["data"]["note"] == note


def test_an_uploaded_file_is_named_by_where_it_lies(ana: Api) -> None:
    csv = "menuName,categoryName,dishName,dishPrice\nMenu,Mains,Dal,1.00\n"
    id_ = ana.post("/api/files", files={"file": ("menu.csv", csv, "text/csv")}).json()["file"]["id"]

    assert run(ana, "reads", csvFile=id_)["result"]["data"]["csv"] == csv


def test_one_that_hangs_ends_in_time_with_all_that_it_started(ana: Api, site: Site) -> None:
    job_id = ana.launch("create-api-key", way="hangs", password=CANARY)
    started = until(lambda: _nodes(site), 20, "the script and its child")
    job = ana.wait_for(job_id)

    assert (job["status"], job["error"]["code"]) == ("timed_out", "TIMEOUT")
    assert "Last step: Sign in" in job["error"]["message"]
    assert until(lambda: not alive(started), 10, "the end of the script and its child") is True


def test_one_that_hangs_is_stopped_with_all_that_it_started(ana: Api, site: Site) -> None:
    job_id = ana.launch("create-api-key", way="hangs", password=CANARY)
    started = until(lambda: _nodes(site), 20, "the script and its child")

    assert ana.post(f"/api/jobs/{job_id}/stop").status_code == 202
    assert ana.wait_for(job_id)["status"] == "cancelled"
    assert until(lambda: not alive(started), 10, "the end of the script and its child") is True


def test_a_command_and_all_that_it_started_die_with_the_worker(own_site: Callable[..., Site]) -> None:
    """They are deaf, nobody's children, and carry nothing of the run."""
    token = uuid4().hex
    site = own_site(JOB_TYPES_PACKAGE="tests.command_scripts", WORKERS="1")
    site.as_user().launch("create-api-key", way="escapes", password=CANARY, note=token)
    until(lambda: len(strays(token)) >= 3, 20, "the script and its children")
    started = site.descendants() | _nodes(site)

    site.process.kill()
    site.process.wait()

    until(lambda: not strays(token) and not alive(started), 1, "the end of all")


def test_what_a_command_leaves_is_ended_with_its_job(ana: Api, site: Site) -> None:
    token = uuid4().hex
    job = ana.wait_for(ana.launch("create-api-key", way="escapes", password=CANARY, note=token))

    assert job["status"] == "timed_out"
    assert not strays(token)


def test_a_command_that_is_not_there_is_told(ana: Api) -> None:
    job = ana.wait_for(ana.launch("setup-services", unused=""))

    assert job["status"] == "failed"
    assert "/nowhere/node cannot be started: No such file or directory" in job["error"]["message"]


def test_a_script_brings_its_own_browser(ana: Api, clean_portal: Portal) -> None:
    payload = {"email": "demo@example.com", "restaurantName": "Curry Garden"}
    works = ana.wait_for(ana.launch("add-option-sets", **payload, password="demo-password"))
    fails = ana.wait_for(ana.launch("add-option-sets", **payload, password="wrong"), timeout_s=60)

    assert works["status"] == "completed", works["error"]
    assert "Curry Garden" in works["result"]["data"]["names"]
    assert (fails["status"], fails["error"]["code"]) == ("failed", "TIMEOUT")


def _nodes(site: Site) -> set[int]:
    """The processes of the hanging script: itself and the child in a session of its own."""
    found = {process.pid for process in psutil.process_iter() if "SIGTERM" in " ".join(_command(process))}
    parents = {process.pid for process in psutil.process_iter() if "printing.js" in " ".join(_command(process))}
    return found | parents if found and parents else set()


def _command(process: Any) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
