"""The wheel is the product: installed elsewhere, without a checkout, it serves pages and runs a job."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.processes import free_port, until

ROOT = Path(__file__).parents[2]
JOB_TYPE = '''
import sys
from pydantic import BaseModel
from scriptjobs.job_types import JobType
from scriptjobs.script import Result

class Payload(BaseModel):
    word: str

CODE = """
import json, sys
print("STEP 1: Work")
print(json.dumps({"success": True, "message": json.load(open(sys.argv[1]))["word"] + " from the example"}))
"""
JOB_TYPE = JobType(
    name="create-api-key", title="Say a word", description="Says it.", payload=Payload, result=Result,
    steps=("Work",), command=(sys.executable, "-c", CODE, "{payload}"),
    examples=({"word": "hello"},),
)
'''


def run(command: list[str], **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def bin_folder(scratch: Path) -> Path:
    """The commands of a fresh environment in which the wheel is installed. Of the development's environment it sees
    the libraries; the editable checkout is not among them, since a `.pth` inside an added folder is not read.
    """
    dist, venv = scratch / "dist", scratch / "installed"
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)], cwd=ROOT)
    (wheel,) = dist.glob("*.whl")
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    python = venv / "bin/python"
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)])
    libraries = sysconfig.get_path("purelib", vars={"base": str(venv)})
    (Path(libraries) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin"


@pytest.fixture(scope="module")
def command(bin_folder: Path, scratch: Path) -> Generator[Callable[..., str]]:
    """Runs a command of the installation, while its server runs."""
    elsewhere = scratch / "elsewhere"
    package = elsewhere / "other_site"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "say.py").write_text(JOB_TYPE)
    port = str(free_port())
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(elsewhere), "TMPDIR": str(scratch), "VAR_DIR": str(elsewhere / "var"),
        "PYTHONPATH": str(elsewhere), "JOB_TYPES_PACKAGE": "other_site", "PORT": port, "WARM_RUNNERS": "0",
        "SCRIPT_JOBS_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    log = elsewhere / "serve.log"

    def call(*arguments: str, program: str = "script-jobs", **more: str) -> str:
        return run([str(bin_folder / program), *arguments], cwd=elsewhere, env=environment | more)

    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(bin_folder / "script-jobs"), "serve"], cwd=elsewhere, env=environment, stdout=output, stderr=output
        )

    def is_ready() -> bool:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
        except httpx2.TransportError:
            return False

    try:
        until(is_ready, 60, "a ready server")
        yield call
    finally:
        server.terminate()
        server.wait(30)


def test_nothing_comes_from_the_checkout(command: Callable[..., str], bin_folder: Path) -> None:
    code = (
        "import scriptjobs, webapp, portal_scripts, sandbox_portal as s; print(scriptjobs, webapp, portal_scripts, s)"
    )
    said = command("-c", code, program="python")
    absent = command("-c", "import importlib.util as u; print(u.find_spec('tests'))", program="python")

    assert said.count(str(bin_folder.parent)) == 4, said
    assert str(ROOT) not in said
    assert absent == "None\n"


def test_it_serves_pages_with_their_style(command: Callable[..., str]) -> None:
    code = (
        "import os, httpx2; page = httpx2.get(os.environ['SCRIPT_JOBS_URL'] + '/sign-in', trust_env=False); "
        "print(page.status_code); print(page.text)"
    )
    page = command("-c", code, program="python")
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', page)
    fetch = "import os, sys, httpx2; print(*(httpx2.get(os.environ['SCRIPT_JOBS_URL'] + path).status_code for path in sys.argv[1:]))"

    assert page.startswith("200\n")
    assert len(sheets) > 4
    assert set(command("-c", fetch, *sheets, program="python").split()) == {"200"}


def test_it_runs_a_job(command: Callable[..., str], scratch: Path) -> None:
    payload = scratch / "payload.json"
    payload.write_text('{"word": "hello"}')
    command("user", "add", "ana@example.com", "--organisation", "One")
    token = command("token", "ana@example.com").strip()

    said = command("submit", "create-api-key", str(payload), "--watch", SCRIPT_JOBS_TOKEN=token)

    assert '"status": "completed"' in said
    assert "✓ Work" in said


@pytest.mark.parametrize(
    ("types", "job_type", "says"),
    [
        ("portal_scripts", "create-api-key", "create-api-key for Base Pizza Riverside"),
        # A type of another site keeps its example as it is; the portal's account is none of its business.
        ("other_site", "create-api-key", "hello from the example"),
    ],
)
def test_the_demo_runs_any_type_that_has_an_example(
    command: Callable[..., str], scratch: Path, types: str, job_type: str, says: str
) -> None:
    var = str(scratch / f"demo-{types}")
    said = command(
        "demo", "--exit", "--job-type", job_type, JOB_TYPES_PACKAGE=types, VAR_DIR=var, PORT="18000", COLUMNS="200"
    )

    assert says in said
    assert json.loads(said.splitlines()[-1])["status"] == "completed"
