"""Settings > Integrations: Uber's card and its dialogue."""

from typing import NamedTuple

from portal_scripts.pages.finding import card_of
from portal_scripts.pages.form import turn
from portal_scripts.pages.loading import wait_until_loaded
from portal_scripts.pages.modal import BOX
from portal_scripts.pages.paths import ROOT
from portal_scripts.pages.saving import save
from portal_scripts.pages.settings import Settings
from scriptjobs.script import NotOffered, PageChanged, Script

CARD_MS = 10_000

_GRID = f"{ROOT}.m-t-4.grid-2.md.sm-gap > div"
_FORM = f"{BOX} > div:nth-child(3) > form"
_ENABLED = f"{_FORM} > div:nth-child(1) > div:nth-child(1) > div:nth-child(2) > label"
_CLOSE = ".modal__CloseButton-ciHmJi"
_NAME, _POSITION = "Uber Delivery Management", 11


class Company(NamedTuple):
    """The company as the register has it, in the order of the form's rows from the third on."""

    nzbn: str
    company: str
    trading: str
    director: str
    mobile: str


class Integrations:
    """The tab."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._settings = Settings(script, "Integrations")

    async def open(self) -> None:
        """Open the tab.

        Raises:
            PageChanged: there is none.
        """
        await self._settings.open()

    async def reopen(self) -> None:
        """Open it again after something went wrong."""
        await self._settings.reopen()

    async def enable_uber(self, company: Company) -> None:
        """Fill in Uber's dialogue, agree, save, close it.

        Raises:
            NotOffered: there is no card. PageChanged: the dialogue is not there, or the portal does not save.
        """
        if not await self._script.sees(f"{_GRID}:nth-child(1)", CARD_MS):
            raise PageChanged("The tab “Integrations” stays empty.")
        await wait_until_loaded(self._script, "#scroll-root")
        card = await card_of(self._page.locator(_GRID), "Uber", _POSITION)
        if card is None:
            raise NotOffered(f"There is no card “{_NAME}”. Uber is not available for this account.")
        await card.click()
        if not await self._script.sees(_ENABLED, CARD_MS):
            raise PageChanged(f"The dialogue of “{_NAME}” did not open.")
        await turn(self._page.locator(_ENABLED), "Enabled", on=True)
        for row, value in enumerate(company, start=3):
            await self._page.locator(f"{_FORM} > div:nth-child({row}) > div > div > input").fill(value)
        await self._page.locator("#agree").set_checked(True)
        await save(self._script, self._page.locator(f"{_FORM} > button"), "the Uber settings")
        await self._page.locator(_CLOSE).first.click()
