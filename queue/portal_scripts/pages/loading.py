"""Waiting until a page shows all that it has: only then does what is not there count as absent."""

from scriptjobs.script import Script

LOADED_MS = 15_000
# Long enough for a list that is drawn in pieces; nothing on the page says that it is complete.
_STILL_MS = 200
SWITCH_MS = 3_000

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

_ENTRY = """({ entries, text, patience }) => new Promise((done) => {
  const began = performance.now();
  const says = (node) => !node.childElementCount && node.textContent.trim() === text;
  const look = () => {
    const found = [...document.querySelectorAll(entries)].some((entry) => [...entry.querySelectorAll("*")].some(says));
    if (found) done(true);
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


async def wait_for_entry(script: Script, entries: str, text: str, patience_ms: float) -> bool:
    """Wait until one of `entries` (plain CSS) has exactly this text in it somewhere. Returns whether it came to it."""
    wanted = {"entries": entries, "text": text.strip(), "patience": patience_ms}
    return bool(await script.page.evaluate(_ENTRY, wanted))


async def text_of(script: Script, within: str) -> str | None:
    """The text in `within` (plain CSS), for `wait_for_change`."""
    return await script.page.evaluate("(within) => document.querySelector(within)?.textContent ?? null", within)


async def wait_for_change(script: Script, within: str, before: str | None) -> bool:
    """Wait until the text in `within` is another than `before`. Returns whether it came to that."""
    return bool(await script.page.evaluate(_CHANGE, {"within": within, "before": before, "patience": SWITCH_MS}))
