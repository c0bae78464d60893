"""Behind a real nginx as it is out of the box, and as it holds back all that it can: pages live, forms and files go through."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import sign_in
from tests.processes import Site, free_port, start_site, until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (bin/setup dev)")

_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; default_type application/octet-stream; gzip on; gzip_types *; gzip_proxied any;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 12m;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{target}; proxy_set_header Host $http_host; {more} }}
  }}
}}
"""
# Its default: it buffers, unless an answer asks it not to.
BUFFERS = ""
# What some put in front of others' applications: then nothing of a stream comes through before it ends.
HOLDS_BACK = "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on; proxy_buffers 8 64k; proxy_buffer_size 64k;"


@contextmanager
def nginx(folder: Path, target: int, more: str) -> Generator[str]:
    """The address of an nginx in front of the site at port `target`."""
    port = free_port()
    folder.mkdir(parents=True)
    conf = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    conf.write_text(_CONF.format(folder=folder, port=port, target=target, more=more, user=user))
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(conf), "-e", str(folder / "error.log")])
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is None and _answers(address), 10, "nginx")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module")
def site(scratch, portal, new_database):
    """All types, and nobody who runs them."""
    with start_site(
        scratch, new_database(), portal, {"JOB_TYPES_PACKAGE": "portal_scripts", "WORKERS": "0"}
    ) as started:
        yield started


def _launch(site: Site, name: str) -> tuple:
    ana = site.as_user(f"{name}@nginx.example.com", "Nginx")
    payload = {"email": "demo@example.com", "password": "p", "restaurantName": "Curry Garden"}
    body = {"jobType": "create-api-key", "payload": payload, "allowDuplicate": True}
    return ana, ana.post("/api/jobs", json=body).json()["job"]["jobId"]


def test_nginx_as_it_is_lets_streams_through(open_window: Callable[..., Page], site: Site, tmp_path: Path) -> None:
    ana, job_id = _launch(site, "default")
    page = open_window()
    with nginx(tmp_path / "nginx", site.port, BUFFERS) as address:
        sign_in(page, address, ana)
        page.goto(f"{address}/jobs/{job_id}")
        expect(page.locator("#connection")).to_have_text("Live")
        ana.delete(f"/api/jobs/{job_id}")
        expect(page.locator(".job-card")).to_have_attribute("data-status", "cancelled", timeout=3_000)
        page.goto("about:blank")


def test_where_nginx_holds_streams_back_pages_poll_and_say_so(
    open_window: Callable[..., Page], site: Site, tmp_path: Path
) -> None:
    ana, job_id = _launch(site, "buffers")
    page = open_window(expects_network_errors=True)
    with nginx(tmp_path / "nginx", site.port, HOLDS_BACK) as address:
        sign_in(page, address, ana)
        asked: list[float] = []
        page.on("request", lambda request: asked.append(time.monotonic()) if "/live/stream" in request.url else None)
        page.goto(f"{address}/jobs/{job_id}")
        expect(page.locator("#connection")).to_have_text("Checking every 2 s", timeout=10_000)
        # It stays with that, while the stream is tried now and then.
        page.evaluate(
            "window.texts = new Set(); new MutationObserver(() => window.texts.add(document.getElementById("
            "'connection').dataset.state)).observe(document.getElementById('connection'), {attributes: true})"
        )
        until(lambda: page.wait_for_timeout(200) or len(asked) > 1, 60, "another try of the stream")
        page.wait_for_timeout(1_000)
        assert set(page.evaluate("[...window.texts]")) <= {"polling"}
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".job-card")).to_have_attribute("data-status", "cancelled", timeout=3_000)

        # A job that somebody else changes.
        _, other = _launch(site, "buffers")
        page.goto(f"{address}/jobs/{other}")
        expect(page.locator("#connection")).to_have_text("Checking every 2 s", timeout=10_000)
        ana.delete(f"/api/jobs/{other}")
        expect(page.locator(".job-card")).to_have_attribute("data-status", "cancelled", timeout=5_000)

        # Files go through it too.
        page.goto(f"{address}/launch/import-csv-menu")
        lines = [
            "menuName,categoryName,dishName,dishPrice",
            *(f"Lunch,Mains,Dish {number},1" for number in range(2_000)),
        ]
        menu = {"name": "long.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
        page.locator("[name=csvFile]").set_input_files(menu)  # type: ignore[arg-type]
        page.get_by_role("button", name="Check the file").click()
        expect(page.locator(".file-preview__name")).to_contain_text("2,000 items")
        page.goto("about:blank")
