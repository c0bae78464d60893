"""The fence in a real browser: no page, redirect, window, frame or form leads to anybody else in the network."""

import contextlib
import http.server
import threading
from collections.abc import AsyncGenerator, Generator
from email.message import Message
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from scriptjobs.child.browser import WayOut, new_page, open_browser
from scriptjobs.child.fence import Fence
from scriptjobs.child.proxy import serve_proxy
from scriptjobs.chromium import can_sandbox, find_chromium

pytestmark = pytest.mark.anyio


class Web(http.server.ThreadingHTTPServer):
    """Answers with pages that lead to `target`, and counts who came."""

    target = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.visits: list[str] = []
        self.headers: list[Message] = []
        self.host = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Web  # type: ignore[assignment]

    def do_GET(self) -> None:
        target = self.server.target
        self.server.visits.append(self.path)
        self.server.headers.append(self.headers)
        pages = {
            "/script": f"<script>location.assign('{target}')</script>",
            "/refresh": f"<meta http-equiv=refresh content='0;url={target}'>",
            "/link": f"<a href='{target}'>on</a>",
            "/new": f"<a href='{target}' target=_blank>on</a>",
            "/popup": f"<button onclick=\"window.open('{target}')\">on</button>",
            "/frame": f"<p>kept</p><iframe src='{target}'></iframe>",
            "/title": "<script>document.title = 'run'</script>",
            "/fetch": f"<script>fetch('{target}').catch(() => 0)</script>",
            "/image": f"<img src='{target}'>",
            "/stylesheet": f"<link rel=stylesheet href='{target}'>",
            "/socket": f"<script>new WebSocket('{target.replace('http', 'ws', 1)}')</script>",
            "/beacon": f"<script>navigator.sendBeacon('{target}', 'x')</script>",
            "/events": f"<script>new EventSource('{target}')</script>",
            "/worker": "<script>new Worker('/worker.js')</script>",
            "/worker.js": f"fetch('{target}').catch(() => 0)",
            "/prefetch": f"<link rel=prefetch href='{target}'>",
            "/rules": "<script type=speculationrules>"
            f'{{"prefetch": [{{"urls": ["{target}"], "eagerness": "immediate"}}], '
            f'"prerender": [{{"urls": ["{target}"], "eagerness": "immediate"}}]}}</script>',
            "/form": f"<form method=post action='{target}'><button>on</button></form>",
        }
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", target)
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
        self.end_headers()
        self.wfile.write(f"<title>here</title>{pages.get(self.path, 'hello')}".encode())

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        pass


@pytest.fixture
def inside() -> Generator[Web]:
    """A service of our own network that nobody allowed."""
    with Web() as web:
        yield web
        web.shutdown()


@pytest.fixture
def portal(inside: Web) -> Generator[Web]:
    with Web() as web:
        web.target = f"http://{inside.host}/latest/meta-data"
        yield web
        web.shutdown()


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with open_browser(path=find_chromium(), headed=False, sandbox=can_sandbox()) as opened:
        yield opened


@pytest.fixture
async def fenced(browser: Browser, portal: Web) -> AsyncGenerator[tuple[Page, Fence]]:
    fence = Fence([portal.host])
    async with serve_proxy(fence.addresses_of) as proxy:
        page = await new_page(browser, "NZ", WayOut(proxy, (portal.host,)))
        page.context.set_default_timeout(3_000)
        await fence.stand(browser)
        yield page, fence
        await page.context.close()
        await fence.leave()


async def test_the_portal_itself_is_open(fenced: tuple[Page, Fence], portal: Web) -> None:
    page, fence = fenced

    await page.goto(f"http://{portal.host}/")

    assert await page.title() == "here"
    assert fence.refused == []


@pytest.mark.parametrize("way", ["redirect", "script", "refresh", "link", "new", "popup", "frame", "form"])
async def test_no_way_leads_from_the_portal_into_our_network(
    fenced: tuple[Page, Fence], portal: Web, inside: Web, way: str
) -> None:
    page, fence = fenced

    with contextlib.suppress(PlaywrightError):  # some ways end in an error of the page, others in silence
        await page.goto(f"http://{portal.host}/{way}")
        if await page.locator("a, button").count():
            await page.locator("a, button").first.click()
        await page.wait_for_timeout(500)

    assert inside.visits == []
    assert fence.refused == [f"http://{inside.host}"]


WAYS = ("fetch", "image", "stylesheet", "socket", "beacon", "events", "worker", "prefetch", "rules")
PLACES = ("localhost", "[::1]", "0.0.0.0", "127.1", "[::ffff:127.0.0.1]")


async def test_nothing_that_a_page_loads_comes_from_our_network(
    fenced: tuple[Page, Fence], portal: Web, inside: Web
) -> None:
    page, fence = fenced
    for way, place in [*((way, "127.0.0.1") for way in WAYS), *(("fetch", place) for place in PLACES)]:
        portal.target = f"http://{place}:{inside.server_port}/latest/meta-data"
        await page.goto(f"http://{portal.host}/{way}")
        await page.wait_for_timeout(150)

        assert inside.visits == [], (way, place)
    assert f"{inside.host}" in fence.blocked


async def test_without_the_proxy_they_would_arrive(browser: Browser, portal: Web, inside: Web) -> None:
    """The counterpart: the ways of the test above do lead there."""
    page = await new_page(browser, "NZ")
    for way in ("fetch", "image", "stylesheet", "socket", "beacon", "events", "worker"):
        await page.goto(f"http://{portal.host}/{way}")
        await page.wait_for_timeout(150)
    await page.context.close()

    assert len(inside.visits) >= 6


async def test_a_window_that_opens_without_scripts_runs_none(fenced: tuple[Page, Fence], portal: Web) -> None:
    page, fence = fenced
    portal.target = f"http://{portal.host}/title"
    titles: list[str] = []
    for forbids in (False, True):
        await page.goto(f"http://{portal.host}/new")
        fence.forbids_scripts = forbids
        async with page.context.expect_page() as opened:
            await page.locator("a").click()
        window = await opened.value
        await window.wait_for_load_state()
        titles.append(await window.title())
        fence.forbids_scripts = False
        await window.close()

    assert titles == ["run", "here"]


async def test_the_browser_tells_one_story_of_itself(fenced: tuple[Page, Fence], browser: Browser, portal: Web) -> None:
    page, _ = fenced
    major = browser.version.split(".")[0]
    portal.target = f"http://{portal.host}/"
    await page.goto(f"http://{portal.host}/new")
    async with page.context.expect_page() as opened:
        await page.locator("a").click()
    await (await opened.value).wait_for_load_state()
    hints = await page.evaluate(
        "navigator.userAgentData.getHighEntropyValues(['fullVersionList', 'platform']).then(JSON.stringify)"
    )
    said = await page.evaluate("navigator.userAgent + ' ' + navigator.platform + ' ' + navigator.webdriver")

    assert said.endswith(f"Chrome/{major}.0.0.0 Safari/537.36 Linux x86_64 false")
    assert "(X11; Linux x86_64)" in said
    assert browser.version in hints
    assert '"platform":"Linux"' in hints
    for headers in portal.headers:
        assert f"Chrome/{major}." in headers["user-agent"]
        assert f'"Google Chrome";v="{major}"' in headers["sec-ch-ua"]
        assert headers["sec-ch-ua-platform"] == '"Linux"'
    assert len(portal.headers) == 2
    assert "Headless" not in str([said, hints, *map(dict, portal.headers)])


@pytest.mark.parametrize(
    "address",
    [
        "{inside}/", "http://localhost:1/", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd",
        "file://localhost/etc/hostname", "http://[::1]:80/", "view-source:{inside}/", "chrome://version",
        "ftp://127.0.0.1/",
    ],
)  # fmt: skip
async def test_a_script_that_goes_there_by_itself_sees_nothing(
    fenced: tuple[Page, Fence], inside: Web, address: str
) -> None:
    page, _ = fenced
    target = address.format(inside=f"http://{inside.host}")

    with pytest.raises(PlaywrightError):
        await page.goto(target)

    assert inside.visits == []
    assert (await page.locator("body").inner_text()).strip() in {"", "about:blank"} or "ERR_" in await page.content()
