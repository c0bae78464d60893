"""A form of the portal: rows with a control each, set to a value, then saved.

A row is found by its label, since rows shift when a control appears; by its position where no label is there.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from portal_scripts.pages.finding import named
from portal_scripts.pages.paths import FIELD, HEX_INPUT, OPTIONS, SELECT, SWATCH, quoted
from portal_scripts.pages.saving import save
from portal_scripts.pages.upload import upload
from scriptjobs.script import PageChanged, Script

if TYPE_CHECKING:
    from playwright.async_api import Locator

FORM_MS = 10_000
LABEL_MS = 3_000
OPTIONS_MS = 10_000


class Row(NamedTuple):
    """Where a control stands: its row counted from 1, and the row's label."""

    position: int
    label: str


class Form:
    """The form whose rows are the children of `rows`; `button` saves it. Both are selectors."""

    def __init__(self, script: Script, rows: str, button: str) -> None:
        self._script = script
        self._page = script.page
        self._rows = rows
        self._button = button
        self._has_labels = True

    async def row(self, row: Row, *, shift: int = 0) -> "Locator":
        """The row itself. `shift` moves the position of a row without a label.

        Raises:
            PageChanged: the form has fewer rows.
        """
        if not await self._script.sees(f"{self._rows} > div", FORM_MS):
            raise PageChanged(f"The form with “{row.label}” did not appear.")
        # The rows of a tab that is being left may still stand there, so a label is waited for; not again in a form that
        # lacked one.
        # Chained, so that only this form is searched: five hundred tiles behind it would make each look slower.
        labelled = f'{self._rows} >> :scope > div:has(:text-is("{quoted(row.label)}"))'
        if self._has_labels:
            self._has_labels = await self._script.sees(labelled, LABEL_MS)
        if await self._page.locator(labelled).count() == 1:
            return self._page.locator(labelled)
        found = self._page.locator(f"{self._rows} > div:nth-child({row.position + shift})")
        if not await found.count():
            raise PageChanged(f"The form has no row “{row.label}”.")
        return found.first

    async def fill(self, row: Row, value: str, *, shift: int = 0) -> None:
        """Type a value in the place of what was there."""
        await (await self.row(row, shift=shift)).locator(f"{FIELD} input, {FIELD} textarea").first.fill(value)

    async def read(self, row: Row) -> str:
        """The value of a text field."""
        return await (await self.row(row)).locator(f"{FIELD} input").first.input_value()

    async def turn(self, row: Row, *, on: bool, shift: int = 0) -> None:
        """Set a toggle to a state; one that has it already is left alone."""
        await turn((await self.row(row, shift=shift)).locator(f"{FIELD} label").first, row.label, on=on)

    async def turn_each(self, row: Row, states: list[bool]) -> None:
        """Set the toggles that stand below each other in one row."""
        found = await self.row(row)
        for number, on in enumerate(states, start=1):
            toggle = found.locator(f"> div > {FIELD} > div:nth-child({number}) > div label").first
            await turn(toggle, f"{row.label}, number {number}", on=on)

    async def choose(self, row: Row, option: str, *, shift: int = 0) -> None:
        """Choose an entry of a searchable select.

        Raises:
            PageChanged: there is no such entry.
        """
        await choose(self._script, await self.row(row, shift=shift), option, row.label)

    async def pick(self, row: Row, position: int) -> None:
        """Choose the entry at `position` (from 0) of the browser's own select."""
        await (await self.row(row)).locator(f"{FIELD} > select").select_option(index=position)

    async def colour(self, row: Row, value: str) -> None:
        """Set a colour, `#RRGGBB`."""
        await set_colour(await self.row(row), value)

    async def upload(self, row: Row, path: Path) -> str:
        """Upload a picture. Returns the address that the form then shows for it, or an empty text."""
        found = await self.row(row)
        await found.locator(f"{FIELD} button").first.click()
        await upload(self._script, path)
        shown = found.locator(f"{FIELD} img")
        return (await shown.first.get_attribute("src") or "") if await shown.count() else ""

    async def save(self, what: str) -> None:
        """Save, and wait for the portal's word.

        Raises:
            PageChanged, SignedOut: see `saving.save`.
        """
        await save(self._script, self._page.locator(self._button).first, what)


async def turn(label: "Locator", name: str, *, on: bool) -> None:
    """Set the toggle in `label` to a state.

    Raises:
        PageChanged: its state cannot be read: pressing it blindly might undo what somebody set.
    """
    try:
        await label.set_checked(on)
    except Exception as error:
        if "Not a checkbox" not in str(error):
            raise
        raise PageChanged(f"The state of “{name}” cannot be read, so it was left alone.") from error


async def choose(script: Script, row: "Locator", option: str, label: str) -> None:
    """Choose an entry of the searchable select in `row`.

    Raises:
        PageChanged: there is no such entry.
    """
    await row.locator(SELECT).first.click()
    await script.page.keyboard.type(option)
    entries = row.locator(f"{OPTIONS} > div")
    entry = entries.filter(has_text=option).first
    try:
        await entry.wait_for(timeout=OPTIONS_MS)
        # “London” is “London” rather than “East London”, where both are offered.
        exact = await named(entries, option)
        await (exact[0] if exact else entry).click()
    except Exception as error:
        await script.page.keyboard.press("Escape")
        if "Timeout" not in str(error):
            raise
        raise PageChanged(f"“{label}” offers no “{option}”.") from error


async def set_colour(place: "Locator", value: str) -> None:
    """Set the colour picker in `place`."""
    swatch = place.locator(SWATCH).first
    field = place.locator(HEX_INPUT).first
    await swatch.click()
    await field.fill(value)
    await field.press("Escape")
