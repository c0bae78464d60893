"""Menus > Item Tags: the tiles, the form of one tag, and the tree of items that it is ticked at."""

from collections.abc import Sequence

from portal_scripts.pages.paths import BUTTON_GROUP, FIELD, PICKER, SWATCH, TABS, TILES
from scriptjobs.script import PageChanged, Script

_FORM = "form > div"
_DETAILS = f"{_FORM} > div:nth-child(3)"
_COLOUR = (
    f"{_DETAILS} > div:nth-child(4) > div > {FIELD} > div"
    " > div.group__FormGroupComponent-evaCTb.joUTxJ.m-b-0.m-r-6 > div > div > div"
)

CREATE = f"{TILES}:nth-child(1) > div > button"
NAME = f"{_DETAILS} > div:nth-child(1) > div > {FIELD} > input"
TEXT = f"{_DETAILS} > div:nth-child(2) > div > {FIELD} > input"
COLOUR = f"{_COLOUR} > {SWATCH} > div"
COLOUR_INPUT = f"{_COLOUR} > {PICKER} > div > div:nth-child(2) > div:nth-child(2) > div.flexbox-fix > div > div > input"
SAVE = f"{_FORM} > div:nth-child(4) > button"
ITEMS_TAB = f"#tag-tab-options-tab-select-content > {TABS} > div:nth-child(2) > div"
MENU_ARROW = f"{_FORM} > div:nth-child(1) > div > div > div > div > div > div > div.cursor.flex-center > svg"
CATEGORY_ARROW = "form div.m-l-2 > div > div > div.cursor.flex-center > svg"

_TAB_MS = 10_000
_TREE_MS = 10_000
_SAVED_MS = 20_000  # saving takes 1 to 10 s
_CLOSE_MS = 3_000


class ItemTags:
    """The page of item tags."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page

    async def open(self) -> None:
        """Open the third tab.

        Raises:
            PageChanged: there is no such tab, or it stays empty.
        """
        if await self._script.sees(f"{BUTTON_GROUP} > button:nth-child(3)", _TAB_MS):
            await self._page.locator(f"{BUTTON_GROUP} > button:nth-child(3)").click()
        else:
            by_words = self._page.locator("button").filter(has_text="Tags")
            if not await by_words.count():
                raise PageChanged("The menus page has no tab “Item Tags”.")
            await by_words.first.click()
        if not await self._script.sees(CREATE, _TAB_MS):
            raise PageChanged("The tab “Item Tags” did not open.")

    async def names(self) -> list[str]:
        """The names on the tiles; the first tile is the one that creates."""
        texts = await self._page.locator(TILES).all_inner_texts()
        return [line.strip() for text in texts[1:] for line in text.splitlines() if line.strip()]

    async def create(self, name: str, colour: str, items: Sequence[str]) -> int:
        """Create a tag, ticked at every occurrence of `items`, and see it appear. Returns how many boxes were ticked.

        Raises:
            PageChanged: the new tag did not appear: the portal did not save it.
        """
        page = self._page
        await page.locator(CREATE).click()
        await page.locator(NAME).fill(name)
        await page.locator(TEXT).fill(name)
        await page.locator(COLOUR).click()
        await page.locator(COLOUR_INPUT).fill(colour)
        await page.keyboard.press("Enter")
        ticked = await self._tick(items) if items else 0
        await page.locator(SAVE).click()
        if not await self._script.sees(f'{TILES}:has(:text-is("{_quoted(name)}"))', _SAVED_MS):
            raise PageChanged(f"The portal did not confirm that it saved “{name}”.")
        await page.locator("form").wait_for(state="hidden", timeout=_CLOSE_MS)
        return ticked

    async def leave_form(self) -> None:
        """Close a form that something went wrong in, and draw the tiles anew."""
        await self._page.keyboard.press("Escape")
        await self.open()

    async def _tick(self, items: Sequence[str]) -> int:
        page = self._page
        await page.locator(ITEMS_TAB).click()
        if not await self._script.sees(MENU_ARROW, _TREE_MS):
            raise PageChanged("The tree of menu items did not appear.")
        for arrow in await page.locator(MENU_ARROW).all():
            await arrow.click()
        await self._script.sees(CATEGORY_ARROW, _TREE_MS)
        for arrow in await page.locator(CATEGORY_ARROW).all():
            await arrow.click()
        ticked = 0
        for item in dict.fromkeys(items):
            # “Featured Items” repeats items of other categories: every occurrence is ticked, each once.
            for label in await page.locator(f'span.m-l-2:text-is("{_quoted(item)}")').all():
                box = label.locator("xpath=ancestor::label").locator('input[type="checkbox"]')
                if not await box.is_checked():
                    await label.locator("xpath=ancestor::label").click()
                ticked += 1
        return ticked


def _quoted(text: str) -> str:
    """A text inside the double quotes of a selector."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
