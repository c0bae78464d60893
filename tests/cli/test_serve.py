"""A site that is started by command: its first sign-in link, its log."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.processes import SECRETS_KEY, free_port, until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "port"),
    [
        (["scriptjobs.cli.main", "serve", "--port", "{port}"], "free"),
        (["uvicorn", "webapp:app", "--port", "{port}"], "free"),
        (["scriptjobs.cli.main", "serve", "--port", "0"], "any"),
    ],
)
def test_the_first_link_names_the_port_that_the_site_listens_on(
    new_database: Callable[[], str], tmp_path: Path, command: list[str], port: str
) -> None:
    wanted = free_port()
    settings = {
        "DATABASE_URL": new_database(), "VAR_DIR": str(tmp_path), "WORKERS": "0", "PORT": "8000",
        "PYTHONPATH": f"{ROOT}:{ROOT}/queue", "SECRETS_KEY": SECRETS_KEY,
    }  # fmt: skip
    master, slave = pty.openpty()
    words = [word.format(port=wanted) for word in command]
    process = subprocess.Popen(
        [sys.executable, "-m", *words], env={**os.environ, **settings}, stdout=slave, stderr=slave
    )
    os.close(slave)
    said = b""

    def look() -> re.Match[str] | None:
        nonlocal said
        said += os.read(master, 65_536)
        return re.search(r"First sign-in .*: (http://127\.0\.0\.1:(\d+)/sign-in/\S+)", said.decode())

    try:
        link = until(look, 30, "the link")
        answer = httpx2.post(link[1], trust_env=False)
    finally:
        process.terminate()
        process.wait(20)
        os.close(master)

    assert answer.status_code == 303
    assert port == "any" or int(link[2]) == wanted


def test_every_line_of_the_log_has_one_form(new_database: Callable[[], str], tmp_path: Path) -> None:
    port = free_port()
    settings = {
        "DATABASE_URL": new_database(),
        "VAR_DIR": str(tmp_path),
        "WORKERS": "0",
        "SECRETS_KEY": SECRETS_KEY,
        "PYTHONPATH": f"{ROOT}:{ROOT}/queue",
    }
    command = [sys.executable, "-m", "scriptjobs.cli.main", "serve", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 30, "the site")
        httpx2.get(f"http://127.0.0.1:{port}/jobs", trust_env=False)
    finally:
        process.terminate()
        process.wait(20)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]

    assert {"request", "nobody_can_sign_in_yet"} <= {line["event"] for line in lines}


def _answers(address: str) -> bool:
    try:
        return httpx2.get(address, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
