"""Fixtures of the page tests: signed-in windows that fail on any console message, and a proxy that can cut the line."""

import os
import socket
import threading
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scriptjobs.chromium import find_chromium
from tests.processes import Api, Site

TIMEOUT_MS = 15_000
# What a page shows may take as long as what is done on it: five seconds, the default, are short on a busy machine.
expect.set_options(timeout=TIMEOUT_MS)


class Proxy:
    """Passes bytes between browser and site. `cut` closes all lines and refuses new ones, `stall` swallows bytes."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self.is_cut = self.is_stalled = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(65_536):
                if not self.is_stalled:
                    sink.sendall(chunk)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                end.close()

    def cut(self) -> None:
        self.is_cut = True
        for end in self._open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                end.close()
        self._open.clear()

    def heal(self) -> None:
        self.is_cut = self.is_stalled = False

    def close(self) -> None:
        self.cut()
        self._server.close()


@pytest.fixture(scope="package")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=find_chromium(os.environ.get("CHROMIUM_PATH")), args=flags)
        yield started
        started.close()


@pytest.fixture
def proxy(site: Site) -> Generator[Proxy]:
    made = Proxy(site.port)
    yield made
    made.close()


@pytest.fixture
def ana(site: Site) -> Api:
    return site.as_user("ana@pages.example.com", "Pages")


def sign_in(page: Page, address: str, api: Api) -> None:
    page.goto(f"{address}/sign-in/{api.link}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs")


@pytest.fixture
def open_window(browser: Browser) -> Generator[Callable[..., Page]]:
    """Opens windows. Any page error or console error (a broken content policy is one) fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(*, expects_network_errors: bool = False, **options: object) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **options))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def listen(message: object) -> None:
            text = message.text  # type: ignore[attr-defined]
            is_network = any(sign in text for sign in ("Failed to load resource", "net::", "Failed to fetch"))
            if message.type == "error" and not (is_network and expects_network_errors):  # type: ignore[attr-defined]
                complaints.append(text)

        page.on("console", listen)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_window: Callable[..., Page], site: Site, ana: Api) -> Page:
    opened = open_window()
    sign_in(opened, site.address, ana)
    return opened
