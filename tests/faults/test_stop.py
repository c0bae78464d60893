"""A running job is stopped: asked, then killed, in stages that everybody sees; nothing of it stays; it can go on later."""

import json
import time
from collections.abc import Callable

import psutil
import pytest

from tests.processes import Api, Portal, Site, alive, tags_payload, until

LEASE = {"LEASE_SECONDS": "6", "POLL_SECONDS": "0.3"}


def stages_of(api: Api, job_id: str) -> list[str]:
    """The stages that the event stream told."""
    with api.stream("GET", f"/api/jobs/{job_id}/events") as stream:
        lines = list(stream.iter_lines())
    return [json.loads(line[5:])["stage"] for line in lines if line.startswith("data:") and '"stage"' in line]


def begin(site: Site, api: Api, job_type: str, **payload: object) -> tuple[str, set[int]]:
    """A job that runs, and the processes that it added."""
    job_id = api.launch(job_type, **payload)
    until(lambda: api.job(job_id)["progress"]["currentStep"], 20, "the first step")
    script = next(
        child for child in sorted(psutil.Process(site.process.pid).children(), key=lambda c: c.create_time())
        if "child.main" in " ".join(child.cmdline())
    )  # fmt: skip
    return job_id, {script.pid, *(child.pid for child in script.children(recursive=True))}


def test_a_script_that_listens_ends_in_stages_and_says_what_is_half_done(own_site: Callable[..., Site]) -> None:
    site = own_site(**LEASE, WORKERS="1", WARM_RUNNERS="0")
    ana = site.as_user()
    job_id, pids = begin(site, ana, "create-api-key", count=300, pause_s=0.1)
    until(lambda: (ana.job(job_id)["progress"]["message"] or "").startswith("number"), 10, "a number")

    asked = ana.post(f"/api/jobs/{job_id}/stop")
    again = ana.post(f"/api/jobs/{job_id}/stop")
    began = time.monotonic()
    ended = ana.wait_for(job_id, timeout_s=15)
    after = ana.post(f"/api/jobs/{job_id}/stop")

    assert (asked.status_code, again.status_code, after.status_code) == (202, 202, 200)
    assert asked.json()["job"]["stopRequestedAt"] is not None
    assert (ended["status"], ended["error"], ended["retryCount"]) == ("cancelled", None, 0)
    assert ended["progress"]["message"].startswith("number")
    assert ended["resumable"] == {"fromStep": 1}
    assert time.monotonic() - began < 5
    assert not alive(pids)
    assert stages_of(ana, job_id) == ["asked", "closing the browser", "ended"]


def test_a_job_that_was_stopped_goes_on_from_its_checkpoints_or_from_the_start(own_site: Callable[..., Site]) -> None:
    site = own_site(**LEASE, WORKERS="1")
    ana = site.as_user()
    job_id, _ = begin(site, ana, "create-api-key", count=20, pause_s=0.1)
    time.sleep(0.8)
    ana.post(f"/api/jobs/{job_id}/stop")
    ana.wait_for(job_id)
    ana.post(f"/api/jobs/{job_id}/retry")
    resumed = ana.wait_for(job_id)

    assert resumed["status"] == "completed"
    assert (resumed["resumedStep"], resumed["attempt"]) == (1, 2)
    assert resumed["result"]["data"]["counted"] < 20
    assert resumed["result"]["data"]["remembered"] == 20

    second, _ = begin(site, ana, "create-api-key", count=12, pause_s=0.1)
    time.sleep(0.5)
    ana.post(f"/api/jobs/{second}/stop")
    ana.wait_for(second)
    ana.post(f"/api/jobs/{second}/retry", json={"fromStep": "start"})
    anew = ana.wait_for(second)

    assert (anew["resumedStep"], anew["result"]["data"]["counted"]) == (None, 12)


@pytest.mark.parametrize("way", ["ignores_sigterm", "leaves_children"])
def test_a_script_that_resists_is_gone_within_15_seconds(own_site: Callable[..., Site], way: str) -> None:
    site = own_site(**LEASE, WORKERS="1", WARM_RUNNERS="0", JOB_TYPES_PACKAGE="tests.patient_scripts")
    ana = site.as_user()
    job_id, pids = begin(site, ana, "setup-services", way=way)
    time.sleep(0.5)
    pids |= site.descendants()
    began = time.monotonic()
    ana.post(f"/api/jobs/{job_id}/stop")
    ended = ana.wait_for(job_id, timeout_s=20)

    assert ended["status"] == "cancelled"
    assert time.monotonic() - began < 15
    assert not alive(pids)


def test_a_stop_reaches_a_worker_without_notifications(own_site: Callable[..., Site]) -> None:
    site = own_site(**LEASE, WORKERS="1", LISTEN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    ana = site.as_user()
    job_id, _ = begin(site, ana, "create-api-key", count=300, pause_s=0.1)
    ana.post(f"/api/jobs/{job_id}/stop")

    assert ana.wait_for(job_id, timeout_s=10)["status"] == "cancelled"


def test_a_job_whose_worker_dies_while_it_is_stopped_is_cancelled_and_not_tried_again(
    own_site: Callable[..., Site],
) -> None:
    first = own_site(LEASE_SECONDS="2", POLL_SECONDS="0.3", WORKERS="1", JOB_TYPES_PACKAGE="tests.patient_scripts")
    ana = first.as_user()
    job_id, _ = begin(first, ana, "setup-services", way="ignores_sigterm")
    ana.post(f"/api/jobs/{job_id}/stop")
    first.process.kill()
    first.process.wait()
    second = own_site(first.dsn, LEASE_SECONDS="2", POLL_SECONDS="0.3", WORKERS="1")
    job = second.as_user().wait_for(job_id, timeout_s=15)

    assert (job["status"], job["retryCount"]) == ("cancelled", 0)


def test_tags_go_on_with_the_one_that_was_not_done(own_site: Callable[..., Site], clean_portal: Portal) -> None:
    site = own_site(WORKERS="1", JOB_TYPES_PACKAGE="portal_scripts")
    ana = site.as_user()
    tags = [{"name": f"Tag {number}", "color": "#FF3333"} for number in range(6)]
    job_id = ana.launch("add-item-tags", **tags_payload(itemTags=tags))
    until(lambda: len(clean_portal.tags("Curry Garden")) >= 2, 40, "two tags")
    ana.post(f"/api/jobs/{job_id}/stop")
    stopped = ana.wait_for(job_id)
    made = [tag["name"] for tag in clean_portal.tags("Curry Garden")]
    ana.post(f"/api/jobs/{job_id}/retry")
    done = ana.wait_for(job_id)

    assert (stopped["status"], stopped["resumable"]) == ("cancelled", {"fromStep": 5})
    assert 2 <= len(made) < 6
    assert (done["status"], done["resumedStep"]) == ("completed", 5)
    assert [tag["name"] for tag in clean_portal.tags("Curry Garden")] == [tag["name"] for tag in tags]
    assert {row["status"] for row in done["result"]["data"]["details"]} <= {"created", "exists"}
