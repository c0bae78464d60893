"""Menus > Item Tags: the form of one tag."""

from collections.abc import Sequence

from portal_scripts.pages.paths import FIELD, HEX_INPUT, SWATCH, TABS
from portal_scripts.pages.tiles import Ticked, Tiles

_DETAILS = "form > div > div:nth-child(3)"
_COLOUR = (
    f"{_DETAILS} > div:nth-child(4) > div > {FIELD} > div"
    " > div.group__FormGroupComponent-evaCTb.joUTxJ.m-b-0.m-r-6 > div > div > div"
)
NAME = f"{_DETAILS} > div:nth-child(1) > div > {FIELD} > input"
TEXT = f"{_DETAILS} > div:nth-child(2) > div > {FIELD} > input"
COLOUR = f"{_COLOUR} > {SWATCH} > div"
COLOUR_INPUT = f"{_COLOUR} > {HEX_INPUT}"
ITEMS_TAB = f"#tag-tab-options-tab-select-content > {TABS} > div:nth-child(2) > div"


class ItemTags(Tiles):
    """The page of item tags."""

    title = "Item Tags"
    position = 3
    button = "form > div > div:nth-child(4) > button"

    async def create(self, name: str, colour: str, items: Sequence[str]) -> Ticked:
        """Create a tag, ticked at every occurrence of `items`, and see it appear.

        Raises:
            PageChanged: the new tag did not appear: the portal did not save it.
        """
        page = self._page
        await self.open_form()
        await page.locator(NAME).fill(name)
        await page.locator(TEXT).fill(name)
        await page.locator(COLOUR).click()
        await page.locator(COLOUR_INPUT).fill(colour)
        await page.keyboard.press("Enter")
        ticked = Ticked()
        if items:
            await page.locator(ITEMS_TAB).click()
            ticked = await self.tick(items)
        await self.save_form(name)
        return ticked
