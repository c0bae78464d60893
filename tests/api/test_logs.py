"""The log: one format for all lines, and nothing in it that lets somebody in or is nobody's business."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import httpx2
import pytest

from tests.api.log_attack import CANARY
from tests.processes import Site
from webapp.middleware import path_for_log

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_gets_into_the_log_whichever_way_it_comes(new_database: Callable[[], str], form: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": new_database(),
        "LOG_FORMAT": form,
        "PYTHONPATH": f"{ROOT}:{ROOT}/queue",
    }
    command = [sys.executable, "-m", "tests.api.log_attack"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    leaks = [line[max(0, line.index(CANARY) - 200) :][:300] for line in done.stderr.splitlines() if CANARY in line]

    assert int(done.stdout) >= 14
    assert not leaks, "\n".join(leaks[:5])
    assert "JOB_20260101_000000_0123abcd" in done.stderr
    assert "/api/jobs" in done.stderr
    if form == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        assert any("Traceback" in line.get("exception", "") for line in lines)


TOKEN = "dGhpcy1pcy1hLXRva2VuLW9mLWEtc2lnbi1pbi1saW5r"


@pytest.mark.parametrize(
    "path",
    [
        f"/sign-in/{TOKEN}", f"//sign-in//{TOKEN}", f"/sign-in//{TOKEN}", f"/sign-in/{TOKEN}/", f"/sign-in/{TOKEN}/more",
        f"/%73ign-in/{TOKEN}", f"/sign-in%2F{TOKEN}", f"/sign%2din%252F{TOKEN}", f"/sign%252din/{TOKEN}", f"/SIGN-IN/{TOKEN}", f"/sign-in/x/../{TOKEN}",
        f"/api/sign-in/{TOKEN}", f"/sign-in?token={TOKEN}", f"/sign-in/{TOKEN[:20]}%00{TOKEN[20:]}", f"/sign-in;{TOKEN}",
    ],
)  # fmt: skip
def test_a_sign_in_token_is_in_no_log_however_it_is_spelt(site: Site, path: str) -> None:
    for method in ("GET", "HEAD", "PUT"):
        httpx2.request(method, httpx2.URL(site.address, raw_path=path.encode()), trust_env=False)

    assert TOKEN not in site.log_text()
    assert TOKEN[20:] not in site.log_text()
    if "?" not in path:  # the query is not part of the line at all
        assert TOKEN[20:] not in path_for_log(unquote(path))


def test_paths_in_the_log_are_short_and_else_as_they_are() -> None:
    assert path_for_log("/api/jobs/JOB_1/status") == "/api/jobs/JOB_1/status"
    assert len(path_for_log("/" + "x" * 50_000)) < 300
    assert path_for_log("/sign-in") == "/sign-in"


def test_each_line_of_a_server_has_one_format_and_the_first_link_is_not_among_them(site: Site) -> None:
    lines = [json.loads(line) for line in site.log_text().splitlines()]
    events = [line["event"] for line in lines]

    assert any(event.startswith("Application startup complete") for event in events)
    assert "nobody_can_sign_in_yet" in events
    assert "script-jobs user add" in next(line["hint"] for line in lines if line["event"] == "nobody_can_sign_in_yet")


def test_what_a_server_writes_is_its_user_s_alone(site: Site) -> None:
    api = site.as_user("ana@modes.example.com")
    api.post("/api/files", files={"file": ("menu.csv", b"menuName,categoryName,dishName,dishPrice\nA,B,C,1\n")})
    found = [site.settings.var_dir, *site.settings.var_dir.rglob("*")]
    open_ = [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]

    assert any(path.is_file() for path in found)
    assert not open_
