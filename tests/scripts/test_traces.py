"""A trace of a real sign-in, read whole: no password in any form, no cookie, no token that signs somebody in."""

import http.server
import io
import json
import threading
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from scriptjobs.child.browser import new_page
from scriptjobs.redaction import Redactor

pytestmark = pytest.mark.anyio

PASSWORD = 'pä"ss\\w<rd&1'
SESSION, MADE_BY_SCRIPT, TOKEN, BEARER, KEY = (
    "sid-abcdef123456",
    "js-0987654321",
    "tok-123456789",
    "bearer-55555555",
    "key-77777777",
)
_FORM = (
    "<meta charset=utf-8><input name=p type=password><button onclick=send()>go</button>"
    f"<script>document.cookie='js={MADE_BY_SCRIPT}'; localStorage.session = '{SESSION}';"
    "function send() { fetch('/login', {method: 'POST', body: document.querySelector('input').value})"
    ".then(answer => answer.json()).then(() => fetch('/keys')).then(answer => answer.json())"
    ".then(() => document.title = 'in') }</script><p>kept</p>"
)


class _Portal(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/keys":
            self._answer(json.dumps([{"key": KEY}]).encode(), "application/json", {})
            return
        self._answer(_FORM.encode(), "text/html", {"Set-Cookie": f"sid={SESSION}; HttpOnly"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(json.dumps({"token": TOKEN}).encode(), "application/json", {"Authorization": f"Bearer {BEARER}"})

    def _answer(self, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        pass


@pytest.fixture
def portal() -> Generator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _texts(value: Any) -> list[str]:
    """Every text in a JSON value, keys included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *_texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


async def test_a_trace_signs_nobody_in(chromium: Browser, portal: str, tmp_path: Path) -> None:
    page = await new_page(chromium, "NZ")
    await page.context.tracing.start(snapshots=True)
    await page.goto(portal)
    await page.locator("[name=p]").press_sequentially(PASSWORD)
    await page.locator("button").click()
    await page.wait_for_function("document.title === 'in'")
    await page.goto(f"{portal}/two")
    await page.context.tracing.stop(path=tmp_path / "trace.zip")
    await page.context.close()
    raw = (tmp_path / "trace.zip").read_bytes()

    before, after = _read(raw), _read(Redactor([PASSWORD]).file("application/zip", raw))

    hidden = (PASSWORD, PASSWORD[:6], SESSION, MADE_BY_SCRIPT, TOKEN, BEARER, KEY)
    assert [secret for secret in hidden if secret in before] == list(hidden)
    assert [secret for secret in hidden if secret in after] == []
    assert "/login" in after
    assert "kept" in after


def _read(archive: bytes) -> str:
    """All that an archive tells, its JSON lines decoded."""
    told: list[str] = []
    with zipfile.ZipFile(io.BytesIO(archive)) as entries:
        for name in entries.namelist():
            content = entries.read(name)
            if name.endswith((".trace", ".network", ".stacks")):
                told += [text for line in content.splitlines() for text in _texts(json.loads(line))]
            told.append(content.decode("utf-8", errors="replace"))
    return "\n".join(told)
