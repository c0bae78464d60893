"""The tiles of Menus: option sets and item tags, one tile each, the first one creates."""

from collections.abc import Sequence
from typing import NamedTuple

from portal_scripts.pages.finding import texts_in
from portal_scripts.pages.loading import wait_for_entry, wait_until_loaded
from portal_scripts.pages.paths import BUTTON_GROUP, ROOT, TILES
from portal_scripts.pages.saving import save
from scriptjobs.names import fold_name
from scriptjobs.script import NotOffered, PageChanged, Script

TAB_MS = 10_000
TREE_MS = 10_000
SAVED_MS = 20_000
CLOSE_MS = 3_000

CREATE = f"{TILES}:nth-child(1) > div > button"
_MENU_ARROW = "form > div > div:nth-child(1) > div > div > div > div > div > div > div.cursor.flex-center > svg"
_CATEGORY_ARROW = "form div.m-l-2 > div > div > div.cursor.flex-center > svg"


class Ticked(NamedTuple):
    """How many boxes are ticked, and the items that are not on the menu."""

    boxes: int = 0
    missing: Sequence[str] = ()


class Tiles:
    """A tab of Menus. A subclass knows what is in its form."""

    title: str
    position: int
    button: str  # what saves the form

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page

    async def open(self) -> None:
        """Open the tab.

        Raises:
            NotOffered: there are tabs, and not this one. PageChanged: there is none at all, or it stays empty.
        """
        tab = f"{BUTTON_GROUP} > button:nth-child({self.position})"
        if await self._script.sees(tab, TAB_MS):
            await self._page.locator(tab).click()
        else:
            by_words = self._page.locator("button").filter(has_text=self.title)
            if not await by_words.count():
                lack = NotOffered if await self._page.locator(f"{BUTTON_GROUP} > button").count() else PageChanged
                raise lack(f"The menus page has no tab “{self.title}”.")
            await by_words.first.click()
        if not await self._script.sees(CREATE, TAB_MS):
            raise PageChanged(f"The tab “{self.title}” did not open.")

    async def names(self) -> set[str]:
        """The names on the tiles, folded for comparison, without the first tile, which creates."""
        await wait_until_loaded(self._script, f"{ROOT}.m-t-8")
        tiles = await texts_in(self._page.locator(TILES))
        return {folded for texts in tiles[1:] for text in texts if (folded := fold_name(text))}

    async def open_form(self) -> None:
        """Press the tile that creates."""
        await self._page.locator(CREATE).click()

    async def save_form(self, name: str) -> None:
        """Save, and see the new tile.

        Raises:
            PageChanged: the portal did not save it.
        """
        await save(self._script, self._page.locator(self.button).first, f"“{name}”")
        if not await wait_for_entry(self._script, TILES, name, SAVED_MS):
            raise PageChanged(f"The portal did not confirm that it saved “{name}”.")
        await self._page.locator("form").wait_for(state="hidden", timeout=CLOSE_MS)

    async def leave_form(self) -> None:
        """Close a form that something went wrong in, and draw the tiles anew."""
        await self._page.keyboard.press("Escape")
        await self.open()

    async def tick(self, items: Sequence[str]) -> Ticked:
        """Tick every occurrence of `items` in the open tree, each once.

        Raises:
            PageChanged: the tree does not appear.
        """
        page = self._page
        if not await self._script.sees(_MENU_ARROW, TREE_MS):
            raise PageChanged("The tree of menu items did not appear.")
        for arrow in await page.locator(_MENU_ARROW).all():
            await arrow.click()
        await self._script.sees(_CATEGORY_ARROW, TREE_MS)
        for arrow in await page.locator(_CATEGORY_ARROW).all():
            await arrow.click()
        labels = page.locator("span.m-l-2")
        places: dict[str, list[int]] = {}
        for place, text in enumerate(await labels.all_text_contents()):
            places.setdefault(fold_name(text), []).append(place)
        wanted = {fold_name(item): item for item in reversed(items)}
        for folded in wanted:
            # “Featured Items” repeats items of other categories: every occurrence is ticked, each once.
            for place in places.get(folded, []):
                await labels.nth(place).locator("xpath=ancestor::label").set_checked(True)
        missing = [item for folded, item in reversed(wanted.items()) if folded not in places]
        return Ticked(sum(len(places.get(folded, [])) for folded in wanted), missing)
