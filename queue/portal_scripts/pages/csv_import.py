"""Menus > CSV Import: the dialogue that replaces the whole menu."""

import re
from pathlib import Path

from portal_scripts.pages.paths import BUTTON_GROUP, MODAL, ROOT
from scriptjobs.script import ImportRejected, NotOffered, PageChanged, Script

DIALOGUE_MS = 10_000
IMPORTED_MS = 60_000

_BUTTON = f"{ROOT}.flex-l-r-center.m-b-6 > div > div:nth-child(3) > button"
_TABS = f"{BUTTON_GROUP} > button"
_DIALOGUE = f'{MODAL}, div[class*="content__Content"]'
_PROCEED = 'button:has-text("Proceed")'
_UPLOAD = 'button:has-text("Upload"):visible'
# Only words inside the dialogue count: an item of the menu may be called “Limited offer”.
_TROUBLE = "text=/Error|Failed|Invalid|Blocked|limit|rejected|went wrong/i"
_REFUSAL = re.compile("invalid|blocked|limit|rejected", re.IGNORECASE)


class CsvImport:
    """The dialogue."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._dialogue = script.page.locator(_DIALOGUE).first

    async def open(self) -> None:
        """Open it.

        Raises:
            NotOffered: the page has no such button; the portal account may lack the right to import.
            PageChanged: the page is empty, or the dialogue does not open.
        """
        if await self._script.sees(_BUTTON, DIALOGUE_MS):
            await self._page.locator(_BUTTON).click()
        else:
            by_words = self._page.locator("button").filter(has_text="CSV Import")
            if not await by_words.count():
                raise (NotOffered if await self._page.locator(_TABS).count() else PageChanged)(
                    "The menus page has no button “CSV Import”. The account may not be allowed to import."
                )
            await by_words.first.click()
        if not await self._script.sees(_DIALOGUE, DIALOGUE_MS):
            raise PageChanged("The dialogue for the import did not open.")

    async def confirm(self) -> None:
        """Type the word that confirms it, and go on."""
        await self._dialogue.locator("input").first.fill("import")
        await self._page.locator(_PROCEED).click()
        await self._page.locator('input[type="file"]').first.wait_for(state="attached", timeout=DIALOGUE_MS)

    async def upload(self, path: Path) -> None:
        """Choose the file, upload it, and wait until the dialogue closes, which is how the portal says that it is done.

        Raises:
            ImportRejected: the portal refuses it, with its words. PageChanged: the dialogue stays open.
        """
        await self._page.locator('input[type="file"]').first.set_input_files(path)
        await self._page.locator(_UPLOAD).first.click()
        await self._wait_for_end()

    async def _wait_for_end(self) -> None:
        trouble = self._dialogue.locator(_TROUBLE)
        closed = self._page.locator(_DIALOGUE)
        for _ in range(IMPORTED_MS // _LOOK_MS):
            if not await closed.count():
                return
            if await trouble.count():
                said = await trouble.first.inner_text()
                kind = ImportRejected if _REFUSAL.search(said) else PageChanged
                raise kind(f"The portal did not import the menu. It says: “{said}”.")
            await self._page.wait_for_timeout(_LOOK_MS)
        raise PageChanged("The portal did not say whether it imported the menu. Look at the menu before trying again.")


_LOOK_MS = 200
