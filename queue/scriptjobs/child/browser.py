"""The browser of a script: launched or reached elsewhere, and a context that looks like a desk in its country."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from scriptjobs.child import identity
from scriptjobs.errors import ScriptError

# portal/PORTAL.md, How the live portal behaves: needed in containers, and against the page without a form.
_FLAGS = [
    "--disable-setuid-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
    "--disable-blink-features=AutomationControlled",
    # UDP goes through no proxy, so a page may not use it.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
]  # fmt: skip
# Chromium starts without its zygote only when it has no sandbox.
_UNSANDBOXED = ["--no-sandbox", "--no-zygote"]
_VIEWPORT = {"width": 1280, "height": 800}
# portal/PORTAL.md, Values by country.
_COUNTRIES = {
    "NZ": ("en-NZ", "Pacific/Auckland"),
    "AU": ("en-AU", "Australia/Sydney"),
    "US": ("en-US", "America/New_York"),
    "GB": ("en-GB", "Europe/London"),
    "CA": ("en-CA", "America/Toronto"),
}
DEFAULT_COUNTRY = "NZ"
NAVIGATION_TIMEOUT_MS = 60_000
ACTION_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class WayOut:
    """How a page reaches the network: hosts that it connects to directly (`name` or `name:port`), and the proxy for all
    others.
    """

    proxy: str
    direct_hosts: tuple[str, ...]


@asynccontextmanager
async def open_browser(
    *, path: str | None, headed: bool, sandbox: bool, endpoint: str | None = None
) -> AsyncGenerator[Browser]:
    """A running Chromium, from `path` or Playwright's own, in its own sandbox or not; closed at the end.

    With `endpoint` it runs elsewhere: a Playwright server (`ws://…`), or a browser's own protocol (`http://…`, or an
    address with `/devtools/` in it).
    """
    flags = _FLAGS if sandbox else [*_FLAGS, *_UNSANDBOXED]
    async with async_playwright() as playwright:
        if endpoint:
            browser = await _reach(playwright, endpoint, flags)
        else:
            browser = await playwright.chromium.launch(
                executable_path=path, headless=not headed, args=flags, chromium_sandbox=sandbox
            )
        try:
            yield browser
        finally:
            await browser.close()


async def _reach(playwright: Playwright, endpoint: str, flags: list[str]) -> Browser:
    try:
        return await _connect(playwright, endpoint, flags)
    except PlaywrightError:
        # Neither the library's words nor the whole address, which may hold a token.
        where = urlsplit(endpoint).hostname
        said = f"The browser that runs elsewhere, at {where} (BROWSER_WS_ENDPOINT), cannot be reached."
        raise ScriptError(said, code="BROWSER_CRASHED") from None


async def _connect(playwright: Playwright, endpoint: str, flags: list[str]) -> Browser:
    parts = urlsplit(endpoint)
    if parts.scheme in {"http", "https"} or "/devtools/" in parts.path:
        return await playwright.chromium.connect_over_cdp(endpoint, timeout=CONNECT_TIMEOUT_MS)
    # A server heeds our flags where its operator lets clients set them; they keep the login form from hiding.
    wanted = {"x-playwright-launch-options": json.dumps({"args": flags})}
    return await playwright.chromium.connect(endpoint, headers=wanted, timeout=CONNECT_TIMEOUT_MS)


async def new_page(browser: Browser, country: str, way_out: WayOut | None = None, *, downloads: bool = False) -> Page:
    """A page in a context of its own, for `country` (two letters; unknown ones count as NZ). With `way_out` it reaches
    the network by that alone. It refuses downloads, unless they are wanted.
    """
    locale, time_zone = _COUNTRIES.get(country, _COUNTRIES[DEFAULT_COUNTRY])
    settings: dict[str, Any] = {"user_agent": identity.user_agent(browser.version), "viewport": _VIEWPORT}
    if way_out:
        settings["proxy"] = {"server": way_out.proxy, "bypass": ",".join(["<-loopback>", *way_out.direct_hosts])}
    context = await browser.new_context(locale=locale, timezone_id=time_zone, accept_downloads=downloads, **settings)
    context.set_default_timeout(ACTION_TIMEOUT_MS)
    context.set_default_navigation_timeout(NAVIGATION_TIMEOUT_MS)
    context.on("page", lambda page: identity.assume_soon(page, locale))
    page = await context.new_page()
    await identity.assume(page, locale)
    return page
