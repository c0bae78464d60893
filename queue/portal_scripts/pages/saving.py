"""Saving: press a button and wait for what the portal says about it, since a quiet page proves nothing."""

from typing import TYPE_CHECKING

from portal_scripts.pages.login import SignedOut
from scriptjobs.script import PageChanged, Script

if TYPE_CHECKING:
    from playwright.async_api import Locator

SAVED_MS = 20_000  # on the live portal a save takes 1 to 10 s, and ends with a toast

# Only what appears after the button was pressed counts: the toast of the save before may still be on the page.
_WATCH = """() => {
  const good = /^(?!.*(\\bnot\\b|n['’]t\\b|unable|fail|error)).*\\b(saved|success|successfully|updated)\\b/is;
  const bad = /went wrong|error|fail|unable|could not|couldn|invalid|denied|reject|already|have to|please fill/i;
  let heard;
  const word = new Promise((done) => { heard = done; });
  const read = (node) => {
    const element = node.nodeType === 3 ? node.parentElement : node;
    if (!element || !element.isConnected || element.closest("button")) return;
    if (element.matches("input[type=password]") || element.querySelector?.("input[type=password]")) heard({ signedOut: true });
    const text = (node.textContent || "").trim().slice(0, 300);
    if (good.test(text) && text.length < 120) heard({ saved: true, text });
    else if (bad.test(text) && text.length < 300) heard({ saved: false, text });
  };
  const watcher = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") read(change.target);
      change.addedNodes.forEach(read);
    }
  });
  watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
  return { next: (patience) => Promise.race([word, new Promise((late) => setTimeout(() => late(null), patience))]).finally(() => watcher.disconnect()) };
}"""  # noqa: E501 (a script of the page)


async def save(script: Script, button: "Locator", what: str) -> None:
    """Press `button` and wait until the portal says that it saved `what`.

    Raises:
        PageChanged: it says that it did not, or says nothing. SignedOut: nobody is signed in any more.
    """
    watch = await script.page.evaluate_handle(_WATCH)
    await button.click()
    heard = await watch.evaluate("(watch, patience) => watch.next(patience)", SAVED_MS)
    if heard is None:
        raise PageChanged(f"The portal did not confirm that it saved {what}.")
    if heard.get("signedOut"):
        raise SignedOut
    if not heard["saved"]:
        raise PageChanged(f"The portal did not save {what}. It says: “{heard['text']}”.")
