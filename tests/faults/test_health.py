"""Health checks: each role of a process is asked where it can be asked, and the file storage counts."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from scriptjobs.files import Files
from tests.faults.test_worker_command import environment, worker
from tests.processes import Site, free_port, until


def health(site: Site, **settings: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "scriptjobs.cli.main", "health"], env=environment(site, **settings),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def web(own_site: Callable[..., Site], tmp_path: Path) -> Site:
    return own_site(WORKERS="0", FILES_URL=f"file://{tmp_path}/files")


def test_a_server_is_found_by_its_port_and_a_storage_that_takes_nothing_is_told(web: Site, tmp_path: Path) -> None:
    well = health(web, PORT=str(web.port), HOST="0.0.0.0")
    folder = tmp_path / "files"
    folder.rename(tmp_path / "files-elsewhere")
    folder.write_text("no folder any more")

    def look() -> httpx2.Response | None:
        found = httpx2.get(f"{web.address}/readyz", trust_env=False)
        return found if found.status_code == 503 else None

    answer = until(look, 30, "a 503")
    ill = health(web, PORT=str(web.port))

    assert well == (0, f"http://127.0.0.1:{web.port}/readyz is ready.\n")
    assert answer.json()["files"] == "unavailable"
    assert answer.json()["database"] == "ok"
    assert ill[0] == 1
    assert '"files":"unavailable"' in ill[1]


def test_a_worker_is_well_when_the_database_knows_that_it_lives(web: Site) -> None:
    port = str(free_port())
    before = health(web, PORT=port)
    with worker(web) as process:
        until(lambda: health(web, PORT=port)[0] == 0, 40, "a healthy worker")
        during = health(web, PORT=port)
        process.terminate()
        process.wait(20)
    gone = health(web, PORT=port)

    assert before[0] == 1
    assert "no worker is running on" in before[1]
    assert during[1].startswith("A worker is running on ")
    assert gone[0] == 1


def test_no_database_is_unwell(web: Site) -> None:
    status, said = health(web, PORT=str(free_port()), DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")

    assert status == 1
    assert "the database does not answer" in said
    assert "Traceback" not in said


@pytest.mark.anyio
async def test_credentials_of_object_storage_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No S3 runs here; what is sent to it is looked at."""
    seen: list[str] = []

    class Bucket(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Bucket) as bucket:
        threading.Thread(target=bucket.serve_forever, daemon=True).start()
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_REGION": "eu-north-1",
            "AWS_ENDPOINT": f"http://127.0.0.1:{bucket.server_port}", "AWS_ALLOW_HTTP": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        writable = await Files.load("s3://pictures/jobs", tmp_path).is_writable()
        bucket.shutdown()

    assert writable is True
    assert seen[0].startswith("/pictures/jobs/ready AWS4-HMAC-SHA256 Credential=AKIATEST/")
    assert "/eu-north-1/s3/" in seen[0]
