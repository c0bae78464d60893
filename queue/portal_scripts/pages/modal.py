"""A pop-up of the settings: its id is random and ends in -content, and it may show a key above its form."""

from portal_scripts.pages.form import Form
from portal_scripts.pages.paths import TABS, quoted
from portal_scripts.pages.saving import save
from scriptjobs.script import PageChanged, Script

MODAL_MS = 10_000
CLOSED_MS = 10_000

BOX = 'div[role="dialog"][id$="-content"]'
_KEY = f"{BOX} > div:nth-child(2) > p > span"
_PANE = f"{BOX} > form > div > div:nth-child(1)"
_SAVE = f"{BOX} > form > div > div:nth-child(2) > button"


class Modal:
    """The pop-up that is open."""

    def __init__(self, script: Script, what: str) -> None:
        self._script = script
        self._page = script.page
        self._what = what
        self.form = Form(script, _PANE, _SAVE)

    async def wait(self) -> None:
        """Wait until it is there.

        Raises:
            PageChanged: it does not open.
        """
        if not await self._script.sees(f"{BOX} form", MODAL_MS):
            raise PageChanged(f"The pop-up for {self._what} did not open.")

    async def key(self) -> str:
        """The key that it shows, kept out of log and pictures from now on.

        Raises:
            PageChanged: it shows none.
        """
        if not await self._script.sees(_KEY, MODAL_MS):
            raise PageChanged(f"The pop-up for {self._what} shows no key.")
        value = (await self._page.locator(_KEY).first.inner_text()).strip()
        await self._script.hide(value)
        return value

    async def open_tab(self, title: str, *, strip: str = "", position: int = 0) -> None:
        """Open one of its tabs: by its words, else by its place in the strip."""
        by_words = self._page.locator(f'{BOX} :text-is("{quoted(title)}")')
        found = self._page.locator(
            f"#{strip}-tab-options-tab-select-content > {TABS} > div:nth-child({position}) > div"
        )
        await (found if strip and not await by_words.count() else by_words).first.click()
        self.form = Form(self._script, _PANE, _SAVE)

    async def save(self) -> None:
        """Save, and see it close.

        Raises:
            PageChanged, SignedOut: see `saving.save`.
        """
        await save(self._script, self._page.locator(_SAVE), self._what)
        await self._page.locator(BOX).wait_for(state="hidden", timeout=CLOSED_MS)
