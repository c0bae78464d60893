"""What the browser says it is: one story, built from its real version, in header, script and hints.

Clients that look automated get a portal without a login form. A user agent of its own beside hints that say
"HeadlessChrome" of another version is just what robot checks look for; so is a platform that does not fit.
"""

import asyncio
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

_PLATFORM = "Linux x86_64"
_HEADLESS, _BRAND = "HeadlessChrome", "Google Chrome"
# Browsers add a brand that is none, so that nobody relies on the list.
_MADE_UP = {"brand": "Not)A;Brand", "version": "24"}
_pending: set[asyncio.Task[None]] = set()


def user_agent(version: str) -> str:
    """The user agent of a desktop Chrome of this version (`156.0.8078.79`): it tells the major number only."""
    major = version.split(".")[0]
    return f"Mozilla/5.0 (X11; {_PLATFORM}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


async def assume(page: Page, locale: str) -> None:
    """Let a page's hints and scripts tell the same as its user agent."""
    browser = page.context.browser
    assert browser is not None
    session: Any = await page.context.new_cdp_session(page)  # the library leaves the types of its messages open
    await session.send("Emulation.setUserAgentOverride", _override(browser.version, locale))


def assume_soon(page: Page, locale: str) -> None:
    """The same for a window that a page opens; it may be gone by then."""
    task = asyncio.ensure_future(_assume_if_open(page, locale))
    _pending.add(task)
    task.add_done_callback(_pending.discard)


async def _assume_if_open(page: Page, locale: str) -> None:
    try:
        await assume(page, locale)
    except PlaywrightError:
        return


def corrected(headers: dict[str, str]) -> dict[str, Any]:
    """The headers of a request, where they name the headless browser: a window sends its first ones before `assume`.
    Empty when there is nothing to correct. In the form of Fetch.continueRequest.
    """
    if not any(_HEADLESS in value for value in headers.values()):
        return {}
    told = [{"name": name, "value": value.replace(_HEADLESS, _BRAND)} for name, value in headers.items()]
    return {"headers": told}


def _override(version: str, locale: str) -> dict[str, Any]:
    """In the form of Emulation.setUserAgentOverride."""
    major = version.split(".")[0]
    real = [{"brand": name, "version": major} for name in ("Chromium", _BRAND)]
    full = [{**brand, "version": version} for brand in real]
    return {
        "userAgent": user_agent(version),
        "acceptLanguage": locale,
        "platform": _PLATFORM,
        "userAgentMetadata": {
            "brands": [_MADE_UP, *real],
            "fullVersionList": [{**_MADE_UP, "version": "24.0.0.0"}, *full],
            "fullVersion": version,
            "platform": "Linux",
            "platformVersion": "",
            "architecture": "x86",
            "bitness": "64",
            "model": "",
            "mobile": False,
        },
    }
