"""How a process of ours ends: in time whatever hangs, with a status when it had to, and without having claimed in vain."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.faults.test_outages import attempts_of, lines
from tests.faults.test_workers import process_of
from tests.lines import Line
from tests.processes import SECRETS_KEY, Site, alive, free_port, until

__all__ = ["lines"]


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGTERM, signal.SIGTERM]])
def test_with_a_silent_database_the_process_ends_in_time(
    own_site: Callable[..., Site],
    new_database: Callable[[], str],
    lines: Callable[[str], Line],
    signals: list[signal.Signals],
) -> None:
    dsn = new_database()
    line = lines(dsn)
    site = own_site(line.dsn, WORKERS="1", GRACE_SECONDS="2", LEASE_SECONDS="30")
    site.dsn = dsn
    ana = site.as_user()
    process_of(ana, site, ana.launch("create-api-key", count=600, pause_s=0.1))
    children = site.descendants()

    line.silence()
    began = time.monotonic()
    for number in signals:
        site.process.send_signal(number)
        time.sleep(0.2)
    site.process.wait(20)

    assert time.monotonic() - began < 2 + 10
    assert until(lambda: not alive(children), 10, "the end of all processes")


def test_a_second_signal_hands_back_at_once_and_a_closed_terminal_drains(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="1", GRACE_SECONDS="60")
    ana = site.as_user()
    job_id = ana.launch("create-api-key", count=600, pause_s=0.1)
    process_of(ana, site, job_id)

    site.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    drains = site.process.poll() is None
    site.process.send_signal(signal.SIGTERM)
    site.process.wait(20)

    assert drains
    assert [tried["outcome"] for tried in attempts_of(site.dsn, job_id)] == ["released"]


def start_on(port: int, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "webapp:app", "--port", str(port)],
            env={**os.environ, **environment}, stdout=output, stderr=output,
        )  # fmt: skip


def test_on_a_taken_port_nothing_is_claimed(new_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = new_database()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            "DATABASE_URL": dsn, "VAR_DIR": str(tmp_path), "SECRETS_KEY": SECRETS_KEY,
            "JOB_TYPES_PACKAGE": "tests.fake_scripts",
        }  # fmt: skip
        process = start_on(taken.getsockname()[1], environment, tmp_path / "log")
        status = process.wait(30)
    log = (tmp_path / "log").read_text()

    assert status != 0
    assert "address already in use" in log
    assert "worker_started" not in log


def kill_postmaster(var_dir: Path) -> None:
    def look() -> psutil.Process | None:
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if "-D" in line and str(var_dir) in " ".join(line) and Path(line[0]).name == "postgres":
                return process
        return None

    until(look, 30, "a server").kill()


def test_an_embedded_server_that_was_killed_is_started_again_and_the_third_time_ends_the_process(
    scratch: Path,
) -> None:
    var_dir, port = scratch / f"embedded-{free_port()}", free_port()
    environment = {"VAR_DIR": str(var_dir), "WORKERS": "0", "TMPDIR": str(scratch)}
    process = start_on(port, environment, scratch / "embedded.log")

    def ask(path: str) -> int:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=10).status_code
        except httpx2.TransportError:
            return 0

    try:
        until(lambda: ask("/readyz") == 200, 60, "a ready server")
        for _ in range(2):
            kill_postmaster(var_dir)
            assert ask("/healthz") == 200
            until(lambda: ask("/readyz") == 200, 30, "a server that is ready again")
        kill_postmaster(var_dir)
        status = process.wait(30)
    finally:
        process.kill()
        process.wait()

    assert status == 1
    assert "part_died" in (scratch / "embedded.log").read_text()
