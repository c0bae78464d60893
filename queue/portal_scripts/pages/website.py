"""Settings > Website: theme, colours, fonts, bars, pictures, texts for search engines, code."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from portal_scripts.pages.form import Row, set_colour
from portal_scripts.pages.paths import FIELD
from portal_scripts.pages.saving import save
from portal_scripts.pages.settings import BLOCK, Settings
from scriptjobs.script import PageChanged, Script

if TYPE_CHECKING:
    from playwright.async_api import Dialog

FIELD_MS = 10_000
STORE_MS = 15_000

_THEMES = f"{BLOCK} > div > div > div > div > button"
_COLOURS = (
    Row(1, "Primary"), Row(2, "Primary Text"), Row(3, "Background"), Row(4, "Text"), Row(5, "Box & Popup Background"),
    Row(6, "Box & Popup Text"),
)  # fmt: skip
_NAV = f"{BLOCK} > form > div > div:nth-child(1) > div > {FIELD}.grid-2.sm.sm-gap.max300"
_NAV_LOGO = Row(3, "Logo")
_SHOWN, _BACKGROUND, _TITLE, _HEADER_LOGO = (
    Row(1, "Show Header"),
    Row(3, "Background Image"),
    Row(5, "Header Title"),
    Row(7, "Header Logo"),
)
_ITEM_STYLE, _TAG_POSITION = Row(1, "Item Style"), Row(2, "Item Tag Position")
_LIST, _CARD, _INNER_BOTTOM = 0, 2, 1
_VIEW_STORE = "#nav-link-view-store"


class Website:
    """The tab."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._settings = Settings(script, "Website")

    async def open(self) -> None:
        """Open the tab.

        Raises:
            PageChanged: there is none.
        """
        await self._settings.open()

    async def reopen(self) -> None:
        """Open it again after something went wrong."""
        await self._settings.reopen()

    async def choose_theme(self, position: int, title: str) -> None:
        """Choose a theme, and agree that it overwrites colours and fonts."""
        await self._settings.open_section(2, "Themes")
        if not await self._script.sees(_THEMES, FIELD_MS):
            raise PageChanged("There are no themes to choose from.")
        titled = self._page.locator(f'{BLOCK} button:has-text("{title}")')
        button = titled if await titled.count() == 1 else self._page.locator(f"{_THEMES}:nth-child({position})")
        self._page.once("dialog", _agree)
        try:
            await save(self._script, button.first, "the theme")
        finally:
            self._page.remove_listener("dialog", _agree)

    async def set_colours(self, colours: list[str | None]) -> None:
        """Set the colours in the order of their rows; None leaves one. From the last to the first, since a picker
        covers what stands below it.
        """
        await self._settings.open_section(3, "Colors")
        form = self._settings.form()
        for row, colour in reversed(list(zip(_COLOURS, colours, strict=False))):
            if colour:
                await form.colour(row, colour)
        await form.save("the colours")

    async def set_fonts(self, font: str) -> None:
        """Set the font of headings and texts."""
        await self._settings.open_section(4, "Fonts")
        form = self._settings.form()
        await form.choose(Row(3, "Heading Font"), font)
        await form.choose(Row(4, "Normal Font"), font)
        await form.save("the fonts")

    async def set_top_bar(self, background: str | None, text: str | None, logo: Path | None) -> str:
        """Set the top bar's colours and logo. Returns the address of the logo, if one was uploaded."""
        await self._settings.open_section(5, "Top Nav Bar")
        form = self._settings.form()
        await form.row(_NAV_LOGO)
        for number, colour in enumerate((background, text), start=1):
            if colour:
                await set_colour(self._page.locator(f"{_NAV} > div:nth-child({number})"), colour)
        address = await form.upload(_NAV_LOGO, logo) if logo else ""
        await form.save("the top bar")
        return urljoin(self._page.url, address) if address else ""

    async def set_header(self, background: Path | None, logo: Path | None) -> None:
        """Show the header with its pictures and without a title: one blank is what the portal takes for none."""
        await self._settings.open_section(7, "Header")
        form = self._settings.form()
        await form.turn(_SHOWN, on=True)
        if background:
            await form.upload(_BACKGROUND, background)
        await form.fill(_TITLE, " ")
        if logo:
            await form.upload(_HEADER_LOGO, logo)
        await form.save("the header")

    async def set_items(self, *, as_cards: bool) -> None:
        """Set how items are shown, and where their tags stand."""
        await self._settings.open_section(9, "Items")
        form = self._settings.form()
        await form.pick(_ITEM_STYLE, _CARD if as_cards else _LIST)
        await form.pick(_TAG_POSITION, _INNER_BOTTOM)
        await form.save("the item style")

    async def upload_favicon(self, picture: Path) -> None:
        """Upload the picture that browsers show beside the shop's name."""
        await self._settings.open_section(15, "Favicon")
        form = self._settings.form()
        await form.upload(Row(1, "Favicon"), picture)
        await form.save("the favicon")

    async def set_seo(self, title: str, description: str) -> None:
        """Set what search engines show."""
        await self._settings.open_section(16, "SEO")
        form = self._settings.form()
        await form.fill(Row(1, "Page Title"), title)
        await form.fill(Row(2, "Meta Description"), description)
        await form.save("the texts for search engines")

    async def set_social(self, facebook: str | None, instagram: str | None) -> None:
        """Set the links to social media; None leaves one."""
        await self._settings.open_section(17, "Social Media")
        form = self._settings.form()
        if facebook:
            await form.fill(Row(2, "Facebook URL"), facebook)
        if instagram:
            await form.fill(Row(3, "Instagram URL"), instagram)
        await form.save("the social links")

    async def set_code(self, head: str, body: str) -> None:
        """Set the custom code of every page of the shop."""
        await self._settings.open_section(18, "Custom Code")
        form = self._settings.form()
        areas = self._page.locator(f"{BLOCK} textarea")
        if not await self._script.sees(f"{BLOCK} textarea >> nth=1", FIELD_MS):
            raise PageChanged("The section “Custom Code” has no two fields for code.")
        await areas.nth(0).fill(head)
        await areas.nth(1).fill(body)
        await form.save("the custom code")

    async def view_store(self) -> str:
        """Open the shop in a new tab and return its address. Anybody's code may be on it, so it runs no scripts.

        Raises:
            PageChanged: no tab opens.
        """
        async with self._script.without_scripts():
            async with self._page.context.expect_page(timeout=STORE_MS) as opened:
                await self._page.locator(_VIEW_STORE).click()
            shop = await opened.value
            await shop.wait_for_load_state("domcontentloaded", timeout=STORE_MS)
        address = shop.url
        await shop.close()
        return address


async def _agree(dialog: "Dialog") -> None:
    await dialog.accept()
