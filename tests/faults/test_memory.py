"""A script that wants too much memory dies alone: the worker lives, and so does the job beside it."""

import tempfile
from collections.abc import Callable

import pytest

from tests.processes import Site, run_on_database, until


@pytest.mark.parametrize(
    ("way", "words"),
    [("eats_memory", "MemoryError"), ("its_children_eat_memory", "MB of memory; a job may use 900 MB")],
)
def test_it_fails_and_its_neighbour_does_not(own_site: Callable[..., Site], way: str, words: str) -> None:
    site = own_site(WORKERS="2", SCRIPT_MEMORY_MB="900")
    ana = site.as_user()
    neighbour = ana.launch("create-api-key", count=40, pause_s=0.1)
    greedy = ana.wait_for(ana.launch("setup-services", way=way), timeout_s=30)
    beside = ana.wait_for(neighbour)

    assert greedy["status"] == "failed"
    # The bound of each process, or that of the run as a whole: whichever is met first.
    said = greedy["error"]["message"]
    assert "MB of memory; a job may use 900 MB" in said or ("MemoryError" in said and way == "eats_memory")
    assert (beside["status"], beside["attempt"]) == ("completed", 1)
    assert site.process.poll() is None


def test_files_in_memory_count_and_are_bounded(own_site: Callable[..., Site]) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as root:
        site = own_site(WORKERS="2", SCRIPT_MEMORY_MB="900", TMPDIR=root)
        ana = site.as_user()
        ids = [ana.launch("setup-services", way=way) for way in ("fills_its_folder", "writes_a_large_file")]
        filled, wrote = (ana.wait_for(id_, timeout_s=30) for id_ in ids)
        told = [event["text"] for event in ana.events(ids[1]) if event.get("text", "").startswith("by a child")]

        assert (filled["status"], filled["error"]["code"]) == ("failed", "BROWSER_CRASHED")
        assert "a job may use 900 MB" in filled["error"]["message"]
        assert wrote["status"] == "failed"
        assert "File too large" in wrote["error"]["message"]
        assert "File too large" in told[0]


@pytest.mark.parametrize(
    ("package", "told"), [("tests.fake_scripts", "accept_downloads=True"), ("tests.patient_scripts", "download: None")]
)
def test_downloads_are_refused_unless_a_type_wants_them(own_site: Callable[..., Site], package: str, told: str) -> None:
    site = own_site(WORKERS="1", JOB_TYPES_PACKAGE=package)
    site.as_user().launch("setup-services", way="downloads")
    query = "select data ->> 'text' from script_job_events where data ->> 'text' like 'download:%'"

    assert until(lambda: run_on_database(site.dsn, query), 30, "the download").count(told) == 1


@pytest.mark.parametrize(("way", "result"), [
    ("prints_its_result", {"success": True, "message": "printed", "data": {"read": 2}}),
    ("says_nothing", {"success": True, "unverified": True, "data": {}}),
])  # fmt: skip
def test_a_script_that_only_prints_is_read(own_site: Callable[..., Site], way: str, result: dict[str, object]) -> None:
    """What any language can do; words such as "success" prove nothing."""
    site = own_site(WORKERS="1")
    ana = site.as_user()
    job = ana.wait_for(ana.launch("setup-services", way=way))

    assert job["status"] == "completed"
    assert {key: job["result"].get(key) for key in result} == result
