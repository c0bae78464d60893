"""A script that wants too much memory dies alone: the worker lives, and so does the job beside it."""

from collections.abc import Callable

import pytest

from tests.processes import Site


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
