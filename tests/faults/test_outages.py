"""Trouble of ours: a silent database, a paused machine, a lost folder, a full disk. No job pays for it."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.faults.test_workers import LEASE, process_of
from tests.lines import Line, line_to
from tests.processes import Portal, Site, alive, run_on_database, until

SCRIPTS = "child.main"


@pytest.fixture
def lines() -> Generator[Callable[[str], Line]]:
    opened = []

    def lay(dsn: str) -> Line:
        opened.append(line_to(dsn))
        return opened[-1].__enter__()

    yield lay
    for line in opened:
        line.__exit__(None, None, None)


def attempts_of(dsn: str, job_id: str) -> list[dict[str, str]]:
    query = """
        select coalesce(jsonb_agg(jsonb_build_object('outcome', a.outcome, 'said', a.error_message) order by a.number), '[]')
        from script_job_attempts a join script_jobs j on j.id = a.job_id where j.job_id = $1
    """
    return run_on_database(dsn, query, job_id)


def test_a_silent_database_is_told_within_six_seconds_and_nothing_hangs_afterwards(
    own_site: Callable[..., Site], new_database: Callable[[], str], lines: Callable[[str], Line]
) -> None:
    dsn = new_database()
    line = lines(dsn)
    site = own_site(line.dsn, **LEASE, WORKERS="2")
    site.dsn = dsn
    ana = site.as_user()
    ana.post(f"/sign-in/{ana.link}", headers={"Origin": site.address})
    ids = [ana.launch("create-api-key", count=60, pause_s=0.1) for _ in range(2)]
    process_of(ana, site, ids[0])

    line.silence()
    answers, took = [], []
    for method, path in [("GET", "/api/jobs"), ("GET", f"/api/jobs/{ids[0]}"), ("GET", "/jobs"), ("GET", "/readyz")]:
        began = time.monotonic()
        answers.append(ana.request(method, path))
        took.append(time.monotonic() - began)
    assert httpx2.get(site.address + "/healthz", trust_env=False).status_code == 200
    line.mend()
    ends = [ana.wait_for(job_id, timeout_s=60) for job_id in ids]
    later = ana.wait_for(ana.launch("create-api-key", count=1), timeout_s=30)

    assert max(took) < 6
    assert [answer.status_code for answer in answers] == [503] * 4
    assert answers[0].json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert answers[0].headers["Retry-After"] == answers[2].headers["Retry-After"] == "5"
    assert "The database does not answer at the moment" in answers[2].text
    assert [(job["status"], job["retryCount"]) for job in [*ends, later]] == [("completed", 0)] * 3
    for job_id in ids:
        assert {tried["outcome"] for tried in attempts_of(dsn, job_id)} <= {"released", "lost", "completed"}
    assert "Traceback" not in site.log_text()


def test_connections_that_went_silent_cost_a_running_job_nothing(
    own_site: Callable[..., Site], new_database: Callable[[], str], lines: Callable[[str], Line]
) -> None:
    dsn = new_database()
    line = lines(dsn)
    site = own_site(line.dsn, WORKERS="1", LEASE_SECONDS="10", POLL_SECONDS="0.3")
    site.dsn = dsn
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=150, pause_s=0.1)
    process_of(ana, site, job_id)

    line.silence(takes_new=True)
    done = ana.wait_for(job_id, timeout_s=90)

    assert (done["status"], done["attempt"], done["retryCount"]) == ("completed", 1, 0)


def test_a_lease_that_could_not_be_renewed_loses_the_job_and_no_retry(own_site: Callable[..., Site]) -> None:
    """Somebody locks the attempts for longer than a lease: the script ends itself, and runs again."""
    site = own_site(**LEASE, WORKERS="1")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=50, pause_s=0.1)
    process_of(ana, site, job_id)

    run_on_database(
        site.dsn, "do $$ begin lock table script_job_attempts in exclusive mode; perform pg_sleep(5); end $$"
    )
    done = ana.wait_for(job_id, timeout_s=60)
    first = attempts_of(site.dsn, job_id)[0]

    assert (done["status"], done["retryCount"]) == ("completed", 0)
    assert first["outcome"] in {"released", "lost"}
    assert "killed by signal" not in first["said"]
    assert "ran longer" not in first["said"]


def start_in_sql(site: Site, organisation_id: object, count: int, timeout_ms: int) -> str:
    """A job with a time limit of its own."""
    return run_on_database(
        site.dsn,
        "insert into script_jobs (job_type, input_payload, organisation_id, timeout_ms) values "
        "('create-api-key', jsonb_build_object('count', $1::int, 'pause_s', 0.1), $2, $3) returning job_id",
        count, organisation_id, timeout_ms,
    )  # fmt: skip


@pytest.mark.parametrize("timeout_ms", [60_000, 7_000])
def test_a_machine_that_stood_still_hands_its_job_back(own_site: Callable[..., Site], timeout_ms: int) -> None:
    """Whether its time was over when the machine woke up, or not."""
    site = own_site(**LEASE, WORKERS="1")
    ana = site.as_user()
    job_id = start_in_sql(site, ana.organisation_id, 30, timeout_ms)
    script = process_of(ana, site, job_id)

    everybody = [*site.descendants(), site.process.pid]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(7)  # longer than the lease of two seconds
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    done = ana.wait_for(job_id, timeout_s=60)
    first, *_ = attempts_of(site.dsn, job_id)

    assert (done["status"], done["retryCount"]) == ("completed", 0)
    assert first["outcome"] in {"released", "lost"}
    assert "starts again by itself" in first["said"] or "nothing to do with your input" in first["said"]
    assert not alive({script})


def test_a_frozen_script_holds_up_no_other(own_site: Callable[..., Site]) -> None:
    site = own_site(**LEASE, WORKERS="2")
    ana = site.as_user()
    frozen = ana.launch("create-api-key", count=600, pause_s=0.1)
    os.kill(process_of(ana, site, frozen), signal.SIGSTOP)

    done = ana.wait_for(ana.launch("create-api-key", count=80, pause_s=0.1), timeout_s=60)

    assert (done["status"], done["attempt"]) == ("completed", 1)


def test_a_run_folder_that_vanished_is_made_anew(own_site: Callable[..., Site], scratch: Path) -> None:
    site = own_site(WORKERS="1")
    ana = site.as_user()
    running = ana.launch("create-api-key", count=20, pause_s=0.1)
    process_of(ana, site, running)

    [home] = scratch.glob(f"sj-*-{site.process.pid}-*")
    shutil.rmtree(home, ignore_errors=True)
    ends = [ana.wait_for(running), ana.wait_for(ana.launch("create-api-key", count=1))]

    assert [(job["status"], job["retryCount"]) for job in ends] == [("completed", 0)] * 2
    assert site.process.poll() is None


def test_without_a_descriptor_jobs_wait(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1", WARM_RUNNERS="0")
    ana = site.as_user()
    process = psutil.Process(site.process.pid)
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    ana.wait_for(ana.launch("create-api-key", count=1))

    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() + 2, before[1]))
    job_id = start_in_sql(site, ana.organisation_id, 1, 60_000)
    until(lambda: "could not run this job" in json.dumps(attempts_of(site.dsn, job_id)), 30, "a start that fails")
    process.rlimit(psutil.RLIMIT_NOFILE, before)
    done = ana.wait_for(job_id, timeout_s=60)

    assert (done["status"], done["retryCount"]) == ("completed", 0)
    assert site.process.poll() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_costs_pictures_and_no_retry(
    own_site: Callable[..., Site], clean_portal: Portal, small_disk: Path
) -> None:
    site = own_site(WORKERS="1", TMPDIR=str(small_disk), JOB_TYPES_PACKAGE="portal_scripts")
    ana = site.as_user()
    room = os.statvfs(small_disk)
    filler = os.open(small_disk / "filler", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(filler, 0, room.f_bavail * room.f_frsize)
    os.close(filler)

    job_id = ana.launch()
    until(lambda: (tried := attempts_of(site.dsn, job_id)) and tried[0]["outcome"], 60, "an end")
    first = attempts_of(site.dsn, job_id)[0]
    (small_disk / "filler").unlink()
    done = ana.wait_for(job_id, timeout_s=90)
    told = "".join(event.get("text", "") for event in ana.events(job_id))
    site.stop()

    assert first["outcome"] in {"released", "completed"}
    assert (done["status"], done["retryCount"]) == ("completed", 0)
    assert "was not kept" in told or "disk" in first["said"]
