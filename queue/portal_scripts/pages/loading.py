"""Waiting until a page shows all that it has: only then does what is not there count as absent."""

import time

from portal_scripts.pages.finding import with_name
from scriptjobs.errors import ScriptError
from scriptjobs.script import PageChanged, Script

LOADED_MS = 15_000
OVERLAY_MS = 10_000  # the live portal was seen to need as much
# A page that was just asked for is covered a moment later, not at once.
COVER_MS = 300
# Long enough for a list that is drawn in pieces; nothing on the page says that it is complete.
_STILL_MS = 200
SWITCH_MS = 3_000
_LOOK_MS = 20

_OVERLAY = ".cover-loader.active"
_DRAWN = "#scroll-root"
_WATCH = """({ within, still, patience }) => new Promise((done) => {
  const marks = ".cover-loader.active, .loader, .loading, .spinner";
  const isBusy = () => [...document.querySelectorAll(marks)].some((mark) => mark.getClientRects().length > 0);
  const began = performance.now();
  let seen = -1;
  let since = began;
  const look = () => {
    const now = performance.now();
    const node = isBusy() ? null : document.querySelector(within);
    const count = node ? node.querySelectorAll("*").length : -1;
    if (count !== seen) [seen, since] = [count, now];
    if (seen >= 0 && now - since >= still) done(true);
    else if (now - began > patience) done(false);
    else setTimeout(look, 30);
  };
  look();
})"""
_CHANGE = """({ within, before, patience }) => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    const node = document.querySelector(within);
    if ((node ? node.textContent : null) !== before) done(true);
    else if (performance.now() - began > patience) done(false);
    else setTimeout(look, 20);
  };
  look();
})"""


async def wait_until_loaded(script: Script, within: str) -> None:
    """Wait until nothing on the page tells that it loads and what stands in `within` (plain CSS) stays the same.

    A page that never comes to rest is told in the log and taken as it is.
    """
    wanted = {"within": within, "still": _STILL_MS, "patience": LOADED_MS}
    if not await script.page.evaluate(_WATCH, wanted):
        await script.log("The page does not finish loading; it is taken as it is.", "warning")


async def wait_for_entry(script: Script, entries: str, name: str, patience_ms: float) -> bool:
    """Wait until one of `entries` (a selector) has this name in it somewhere. Returns whether it came to it."""
    until = time.monotonic() + patience_ms / 1_000
    while not await with_name(script.page.locator(entries), name):
        if time.monotonic() > until:
            return False
        await script.page.wait_for_timeout(_LOOK_MS)
    return True


async def text_of(script: Script, within: str) -> str | None:
    """The text in `within` (plain CSS), for `wait_for_change`."""
    return await script.page.evaluate("(within) => document.querySelector(within)?.textContent ?? null", within)


async def wait_for_change(script: Script, within: str, before: str | None) -> bool:
    """Wait until the text in `within` is another than `before`. Returns whether it came to that."""
    return bool(await script.page.evaluate(_CHANGE, {"within": within, "before": before, "patience": SWITCH_MS}))


async def wait_for_page(script: Script) -> None:
    """Wait until the page that was just asked for is drawn: its overlay comes, and goes.

    Raises:
        PageChanged: the overlay stays.
    """
    await script.sees(_OVERLAY, COVER_MS)
    await wait_for_overlay(script)


async def wait_for_overlay(script: Script) -> None:
    """Wait until the overlay that covers the page while data loads has gone; one that sticks is loaded away once.

    Raises:
        PageChanged: it stays.
    """
    if await _is_gone(script):
        return
    await script.log("The portal's loading screen stays; loading the page anew.", "warning")
    async with script.attempt():
        await script.page.reload(wait_until="domcontentloaded")
    # Until the page is drawn there is no overlay that could stay.
    await script.sees(_DRAWN, LOADED_MS)
    if not await _is_gone(script):
        raise PageChanged("The portal's loading screen does not go away.")


async def _is_gone(script: Script) -> bool:
    try:
        async with script.attempt():
            await script.page.locator(_OVERLAY).first.wait_for(state="hidden", timeout=OVERLAY_MS)
    except ScriptError:
        return False
    return True
