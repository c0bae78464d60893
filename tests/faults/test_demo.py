"""`script-jobs demo`: what keeps it from working is told at once, in a sentence."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from tests.processes import SECRETS_KEY, free_port, until

ROOT = Path(__file__).parents[2]
# All of these took a minute once. Much less than that, and enough for a busy machine.
AT_ONCE_S = 30.0
DEMO = [sys.executable, "-m", "scriptjobs.cli.main", "demo", "--exit", "--job-type", "create-api-key"]
Demo = Callable[..., subprocess.CompletedProcess[str]]


def environment(scratch: Path, changes: dict[str, str]) -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "queue")])
    own = {"PYTHONPATH": paths, "TMPDIR": str(scratch), "COLUMNS": "240", "WARM_RUNNERS": "0", "PORT": str(free_port())}
    return {"PATH": os.environ["PATH"], "HOME": str(Path.home()), "VAR_DIR": str(scratch / "demo")} | own | changes


@pytest.fixture
def demo(scratch: Path) -> Demo:
    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        began = time.monotonic()
        done = subprocess.run(
            [*DEMO, *arguments], env=environment(scratch, changes), cwd=scratch, capture_output=True, text=True,
            timeout=110,
        )  # fmt: skip
        assert time.monotonic() - began < AT_ONCE_S
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


def test_the_list_of_faults_is_what_was_asked_for(demo: Demo) -> None:
    done = demo("--fault", "list")

    assert done.returncode == 0
    assert "save_fails_once: the next save fails, the one after works" in done.stdout
    assert done.stderr == ""


def test_a_fault_that_is_not_known_is_told_with_those_that_are(demo: Demo) -> None:
    done = demo("--fault", "earthquake")

    assert done.returncode == 2
    assert "no fault named earthquake. It knows:\n  no_login_form: " in done.stderr


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nowhere/chromium", "CHROMIUM_PATH names /nowhere/chromium, which does not exist."),
        ("/tmp", "CHROMIUM_PATH names /tmp, which is not a program"),
        ("/etc/passwd", "CHROMIUM_PATH names /etc/passwd, which is not a program"),
        ("/bin/false", "/bin/false is not a Chromium (CHROMIUM_PATH)"),
        ("/bin/echo", "/bin/echo is not a Chromium (CHROMIUM_PATH)"),
    ],
)
def test_a_wrong_browser_is_told(demo: Demo, path: str, says: str) -> None:
    done = demo(CHROMIUM_PATH=path)

    assert done.returncode == 2
    assert done.stderr.startswith(says)


def test_a_full_disk_is_told(demo: Demo, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = demo(VAR_DIR=str(place / "var"))
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)

    assert done.returncode == 2
    assert f"MB are free where {place}/var lies; the demo needs 200." in done.stderr


def test_a_folder_that_cannot_be_made_is_told(demo: Demo) -> None:
    done = demo(VAR_DIR="/proc/var")

    assert done.returncode == 2
    assert done.stderr.startswith("The folder /proc/var (VAR_DIR) cannot be used: ")


def test_an_app_that_ends_while_it_starts_is_told_with_its_last_words(demo: Demo) -> None:
    done = demo(DATABASE_URL="postgresql://nobody:nothing@127.0.0.1:9/none", SECRETS_KEY=SECRETS_KEY)

    assert done.returncode == 2
    assert done.stderr.startswith("The app has ended: ")
    assert "The database cannot be reached" in done.stderr.splitlines()[0]
    assert "Its log: " in done.stderr.splitlines()[1]


@pytest.fixture
def running(scratch: Path, server: str) -> Generator[subprocess.Popen[str]]:
    """A demo that has begun its job."""
    given = environment(
        scratch, {"DATABASE_URL": server, "VAR_DIR": str(scratch / "killed"), "SECRETS_KEY": SECRETS_KEY}
    )
    process = subprocess.Popen(
        [*DEMO, "--fault", "save_hangs"],
        env=given,
        cwd=scratch,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_an_app_that_dies_during_the_job_ends_the_demo(running: subprocess.Popen[str]) -> None:
    assert running.stdout
    until(lambda: "JOB_" in running.stdout.readline(), 60, "a job")  # type: ignore[union-attr]
    (app,) = [child for child in psutil.Process(running.pid).children() if "webapp:app" in child.cmdline()]
    app.send_signal(signal.SIGKILL)
    _, said = running.communicate(timeout=AT_ONCE_S)

    assert running.returncode == 2
    assert said.startswith("The app has ended: ")
