"""Workers that die, freeze or are told to stop: nothing is lost, nothing runs twice at once."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.processes import Api, Site, alive, until

LEASE = {"LEASE_SECONDS": "2", "POLL_SECONDS": "0.3"}


def process_of(api: Api, site: Site, job_id: str) -> int:
    """The pid of the job's script, once it has begun to count."""
    until(lambda: api.job(job_id)["progress"]["currentStep"], 20, "the first step")
    scripts = [
        child for child in psutil.Process(site.process.pid).children() if "child.main" in " ".join(child.cmdline())
    ]
    return max(scripts, key=lambda child: sum(child.cpu_times()[:2])).pid


def scripts_of(site: Site) -> list[int]:
    """The pids of its scripts' processes, of the warm one too."""
    children = psutil.Process(site.process.pid).children()
    return [child.pid for child in children if "child.main" in " ".join(child.cmdline())]


def events_of(site: Site) -> str:
    from scriptjobs.embedded import find_binaries

    query = "select string_agg(data ->> 'text', ',' order by id) from script_job_events where kind = 'log'"
    psql = [str(find_binaries() / "psql"), site.dsn, "-Atc", query]
    return subprocess.run(psql, check=True, capture_output=True, text=True).stdout


def test_a_killed_worker_takes_its_processes_along_and_its_job_is_tried_again(
    own_site: Callable[..., Site], scratch: Path
) -> None:
    first = own_site(**LEASE, WORKERS="1")
    ana = first.as_user()
    job_id = ana.launch("create-api-key", count=100, pause_s=0.1)
    process_of(ana, first, job_id)
    children = first.descendants()

    first.process.kill()
    first.process.wait()
    second = own_site(first.dsn, **LEASE, WORKERS="1")
    began = time.monotonic()
    bob = second.as_user()
    waiting = bob.wait_for(job_id, "pending", "in_progress", timeout_s=15)
    again = until(lambda: (job := bob.job(job_id))["attempt"] == 2 and job, 30, "the second attempt")

    assert waiting["jobId"] == job_id
    assert again["retryCount"] == 0
    assert time.monotonic() - began < 25
    # Their parent's death reaches every one of them; a wedged one would be swept by the second worker.
    assert until(lambda: not alive(children), 10, "the end of the old processes") is True
    assert not list(scratch.glob(f"sj-*-{first.process.pid}-*"))


def test_a_frozen_script_holds_up_no_other_job(own_site: Callable[..., Site]) -> None:
    """It freezes before it has read its job, of which the pipe holds but a part; others live longer than their lease."""
    site = own_site(**LEASE, WORKERS="2")
    ana = site.as_user()
    [warm] = until(lambda: scripts_of(site), 20, "a warm runner")
    os.kill(warm, signal.SIGSTOP)
    frozen = ana.launch("create-api-key", padding="x" * 900_000)
    ana.wait_for(frozen, "in_progress")
    done = [ana.wait_for(ana.launch("create-api-key", count=50, pause_s=0.1)) for _ in range(2)]
    still = ana.job(frozen)
    ana.post(f"/api/jobs/{frozen}/stop")

    assert [(job["status"], job["attempt"]) for job in done] == [("completed", 1)] * 2
    assert (still["status"], still["attempt"]) == ("in_progress", 1)
    assert ana.wait_for(frozen)["status"] == "cancelled"
    assert not alive({warm})


def test_a_script_that_is_killed_from_outside_is_tried_again(own_site: Callable[..., Site]) -> None:
    """What the kernel does when memory runs out."""
    site = own_site(WORKERS="1")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=30, pause_s=0.1)
    os.kill(process_of(ana, site, job_id), signal.SIGKILL)
    waiting = until(lambda: (job := ana.job(job_id))["retryCount"] == 1 and job, 20, "the first failure")

    assert waiting["error"]["code"] == "BROWSER_CRASHED"
    assert "Most likely the machine ran out of memory" in waiting["error"]["message"]
    assert ana.wait_for(job_id)["status"] == "completed"


def test_a_frozen_workers_script_ends_itself_before_the_job_runs_elsewhere(own_site: Callable[..., Site]) -> None:
    first = own_site(**LEASE, WORKERS="1")
    ana = first.as_user()
    job_id = ana.launch("create-api-key", count=400, pause_s=0.1)
    script = process_of(ana, first, job_id)

    first.process.send_signal(signal.SIGSTOP)
    second = own_site(first.dsn, **LEASE, WORKERS="1")
    bob = second.as_user()
    until(lambda: bob.job(job_id)["attempt"] == 2, 30, "the second attempt")
    alive_when_run_again = bool(alive({script}))
    first.process.send_signal(signal.SIGCONT)
    time.sleep(3)  # the time in which the thawed worker would write, if it could
    job = bob.job(job_id)

    assert not alive_when_run_again
    assert (job["attempt"], job["status"]) == (2, "in_progress")
    assert "job_lost" in first.log_text()


def test_a_stopped_worker_hands_its_job_back_without_a_retry(own_site: Callable[..., Site]) -> None:
    first = own_site(**LEASE, WORKERS="1", GRACE_SECONDS="0.5")
    ana = first.as_user()
    job_id = ana.launch("create-api-key", count=100, pause_s=0.1)
    process_of(ana, first, job_id)
    children = first.descendants()

    status = first.stop(10)
    second = own_site(first.dsn, **LEASE, WORKERS="0")
    job = second.as_user().job(job_id)

    assert status in (0, -signal.SIGTERM)
    assert (job["status"], job["retryCount"], job["attempt"]) == ("pending", 0, 1)
    assert not alive(children)


def test_a_short_job_ends_within_the_grace(own_site: Callable[..., Site]) -> None:
    first = own_site(**LEASE, WORKERS="1", GRACE_SECONDS="15")
    ana = first.as_user()
    job_id = ana.launch("create-api-key", count=10, pause_s=0.1)
    process_of(ana, first, job_id)

    first.stop(20)
    second = own_site(first.dsn, **LEASE, WORKERS="0")

    assert second.as_user().job(job_id)["status"] == "completed"


def test_a_retry_comes_by_itself_and_remembers_its_checkpoints(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=2, fails_first=True)

    waiting = ana.wait_for(job_id, "pending", timeout_s=20)
    until(lambda: ana.job(job_id)["retryCount"] == 1, 20, "the first failure")
    waiting = ana.job(job_id)
    done = ana.wait_for(job_id, "completed", timeout_s=30)

    assert waiting["error"]["code"] == "ETIMEDOUT"
    assert waiting["nextRetryAt"] is not None
    assert done["attempt"] == 2, site.log_text()
    assert done["error"] is None
    assert done["result"]["data"]["remembered"] == 3


def test_two_jobs_run_at_once_and_the_third_waits(own_site: Callable[..., Site]) -> None:
    site = own_site()
    ana = site.as_user()
    ids = [ana.launch("create-api-key", count=20, pause_s=0.1) for _ in range(3)]

    until(lambda: [ana.job(job_id)["status"] for job_id in ids] == ["in_progress", "in_progress", "pending"], 15)
    ends = [ana.wait_for(job_id) for job_id in ids]

    assert {job["status"] for job in ends} == {"completed"}


def test_the_database_comes_back_and_the_job_goes_on(own_site: Callable[..., Site]) -> None:
    """Every connection is cut in the middle of a job: its reports wait, and none is lost."""
    site = own_site(WORKERS="1", LEASE_SECONDS="10")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=30, pause_s=0.1)
    process_of(ana, site, job_id)

    from scriptjobs.embedded import find_binaries

    cut = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    for _ in range(3):
        subprocess.run([str(find_binaries() / "psql"), site.dsn, "-Atc", cut], check=True, capture_output=True)
        time.sleep(0.4)
    job = until(lambda: (found := ana.job(job_id))["status"] == "completed" and found, 40, "the end")

    assert job["attempt"] == 1
    assert events_of(site).strip() == ",".join(f"counted {number}" for number in range(1, 31))


def test_without_notifications_polling_goes_on_and_says_so(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1", LISTEN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    ana = site.as_user()

    done = ana.wait_for(ana.launch("create-api-key", count=1), timeout_s=20)

    assert done["status"] == "completed"
    assert ana.get("/readyz").json() == {
        "status": "ok", "database": "ok", "files": "ok", "news": "polling",
    }  # fmt: skip


def test_an_error_of_ours_fails_the_job_and_not_the_worker(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1")
    ana = site.as_user()
    from scriptjobs.embedded import find_binaries

    # No worker can read this payload: its sealed value was made with another key.
    insert = (
        "insert into script_jobs (job_type, input_payload, organisation_id) values ('add-item-tags', "
        f'\'{{"password": {{"$sealed": "nonsense"}}}}\', \'{ana.organisation_id}\') returning job_id'
    )
    psql = [str(find_binaries() / "psql"), site.dsn, "-Atqc", insert]
    bad = subprocess.run(psql, check=True, capture_output=True, text=True).stdout.split()[0]

    failed = ana.wait_for(bad)
    good = ana.wait_for(ana.launch("create-api-key", count=1))

    assert (failed["status"], failed["error"]["code"]) == ("failed", "UNKNOWN_ERROR")
    assert "SECRETS_KEY" in failed["error"]["message"]
    assert good["status"] == "completed"


def test_a_taken_port_is_a_clear_message(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="0")
    command = ["script-jobs", "serve", "--port", str(site.port)]

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=20,
        env={**os.environ, "PATH": f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"},  # type: ignore[attr-defined]
    )  # fmt: skip

    assert done.returncode == 2
    assert f"Port {site.port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
