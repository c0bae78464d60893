"""`script-jobs worker` as a process of its own, beside a web process that runs nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.processes import JWT_SECRET, SECRETS_KEY, Site, alive, until


def run(site: Site, *command: str, **settings: str) -> str:
    """The output of a command on the site's installation."""
    done = subprocess.run(
        [sys.executable, "-m", "scriptjobs.cli.main", *command], env=environment(site, **settings),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(site: Site, **settings: str) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": site.dsn, "VAR_DIR": str(site.settings.var_dir), "JWT_SECRET": JWT_SECRET,
        "SECRETS_KEY": SECRETS_KEY,
        "PORTAL_URL": site.settings.portal_url, "JOB_TYPES_PACKAGE": "tests.fake_scripts", "POLL_SECONDS": "0.3",
        "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "240", **settings,
    }  # fmt: skip


@contextmanager
def worker(site: Site, concurrency: int = 1, **settings: str) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "scriptjobs.cli.main", "worker", "--concurrency", str(concurrency)],
        env=environment(site, **settings), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_web_alone_says_that_no_worker_is_there_until_one_comes(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="0")
    ana = site.as_user()
    ids = [ana.launch("create-api-key", count=30, pause_s=0.1) for _ in range(4)]
    alone = ana.job(ids[0])["waiting"]
    with worker(site, concurrency=3) as process:
        until(lambda: [ana.job(id_)["status"] for id_ in ids].count("in_progress") == 3, 30, "three at once")
        waiting = ana.job(ids[3])["waiting"]
        shown = run(site, "workers")
        ends = {ana.wait_for(id_)["status"] for id_ in ids}
        process.send_signal(signal.SIGTERM)
        status = process.wait(15)

    assert alone == {"code": "NO_WORKER", "text": "No worker runs. The operator has to start one."}
    assert (waiting["code"], waiting["position"]) == ("SLOTS_BUSY", 1)
    assert waiting["text"] == "All 3 slots are busy; position 1."
    assert str(process.pid) in shown
    assert all(id_ in shown for id_ in ids[:3])
    assert ends == {"completed"}
    assert status == 0
    assert str(process.pid) not in run(site, "workers")  # one that stopped properly is not a dead one


def test_the_first_sigterm_waits_and_the_second_hands_back_at_once(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="0")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=600, pause_s=0.1)
    with worker(site, GRACE_SECONDS="60") as process:
        until(lambda: ana.job(job_id)["progress"]["currentStep"], 30, "the first step")
        children = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        still = ana.job(job_id)["status"]
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        took = time.monotonic() - began
    job = ana.job(job_id)

    assert still == "in_progress"
    assert took < 6
    assert (job["status"], job["retryCount"], job["attempt"]) == ("pending", 0, 1)
    assert not alive(children)


def test_a_pause_from_the_command_line_is_told_on_the_job_and_lifted(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1")
    ana = site.as_user()
    run(site, "pause", "create-api-key", "--reason", "portal down")
    job_id = ana.launch("create-api-key", count=1)
    time.sleep(1)
    waiting = ana.job(job_id)["waiting"]
    run(site, "resume", "create-api-key")

    assert waiting["code"] == "PAUSED"
    assert "portal down" in waiting["text"]
    assert ana.wait_for(job_id)["status"] == "completed"


def test_a_worker_without_a_database_says_so_in_one_sentence(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="0")
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-m", "scriptjobs.cli.main", "worker"], env=environment(site, **nowhere), capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert "database" in done.stderr
    assert "Traceback" not in done.stderr
