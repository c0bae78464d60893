"""Menus > Option Sets: the form of one set with its conditions and options."""

from collections.abc import Sequence
from typing import NamedTuple

from portal_scripts.pages.form import Form, Row
from portal_scripts.pages.paths import TABS
from portal_scripts.pages.tiles import Ticked, Tiles
from scriptjobs.script import PageChanged

_PANE = "form > div > div:nth-child(1)"
_SAVE = "form > div > div:last-child > button"
_NAME, _DISPLAY_NAME = Row(2, "Name"), Row(3, "Display Name")
_REQUIRED, _MULTIPLE, _QUANTITY = Row(1, "Required"), Row(2, "Select Multiple"), Row(3, "Enable Option Quantity")
_MINIMUM, _MAXIMUM = Row(4, "Min Options"), Row(5, "Max Options")
_ADD_OPTION = f"{_PANE} > div > div > div > div:nth-child(2) > button"
_OPTION_ROWS = "form table tbody tr"
_OPTIONS_TAB, _CONDITIONS_TAB, _ITEMS_TAB = 2, 3, 4
ROW_MS = 10_000


class OptionSet(NamedTuple):
    """One set as the form takes it. `options` are names with prices; None leaves the price blank, which is free."""

    name: str
    display_name: str
    is_required: bool
    is_multiple: bool
    minimum: int
    maximum: int
    options: Sequence[tuple[str, str | None]]
    items: Sequence[str]


class OptionSets(Tiles):
    """The page of option sets."""

    title = "Option Sets"
    position = 2
    button = _SAVE

    async def create(self, wanted: OptionSet) -> Ticked:
        """Create a set and see it appear.

        Raises:
            PageChanged: a tab or a row is missing, or the portal did not save it.
        """
        form = Form(self._script, _PANE, _SAVE)
        await self.open_form()
        await form.fill(_NAME, wanted.name)
        await form.fill(_DISPLAY_NAME, wanted.display_name)
        await self._open_tab(_CONDITIONS_TAB)
        await form.turn(_REQUIRED, on=wanted.is_required)
        await form.turn(_MULTIPLE, on=wanted.is_multiple)
        # More than one of a kind needs the quantity, which the form offers apart.
        await form.turn(_QUANTITY, on=wanted.maximum > 1)
        await form.fill(_MINIMUM, str(wanted.minimum))
        await form.fill(_MAXIMUM, str(wanted.maximum))
        await self._open_tab(_OPTIONS_TAB)
        await self._fill_options(wanted.options)
        ticked = Ticked()
        if wanted.items:
            await self._open_tab(_ITEMS_TAB)
            ticked = await self.tick(wanted.items)
        await self.save_form(wanted.name)
        return ticked

    async def _open_tab(self, position: int) -> None:
        await self._page.locator(
            f"#option-set-tab-options-tab-select-content > {TABS} > div:nth-child({position}) > div"
        ).click()

    async def _fill_options(self, options: Sequence[tuple[str, str | None]]) -> None:
        page = self._page
        rows = page.locator(_OPTION_ROWS)
        for number, (name, price) in enumerate(options):
            await page.locator(_ADD_OPTION).click()
            row = rows.nth(number)
            if not await self._script.sees(f"{_OPTION_ROWS} >> nth={number}", ROW_MS):
                raise PageChanged("The form did not add a row for another option.")
            await row.locator('input[type="text"]').nth(0).fill(name)
            await row.locator('input[type="text"]').nth(1).fill(name)
            if price is not None:
                await row.locator('input[type="number"]').first.fill(price)
