"""The form that creates a restaurant: its rows are the children of the form itself."""

import re
import time
from collections.abc import Sequence

from portal_scripts.opening_hours import Slot
from portal_scripts.pages.form import Form, Row
from portal_scripts.pages.loading import wait_for_entry, wait_for_overlay
from scriptjobs.names import fold_name
from scriptjobs.script import InvalidValue, NotOffered, PageChanged, Script

FORM_MS = 10_000
SUGGESTIONS_MS = 10_000
CREATED_MS = 30_000
_LOOK_MS = 100
LISTED_MS = 10_000

_FIRST = 'button:has-text("Create New Restaurant")'
_FURTHER = ", ".join(
    f'{kind}:has-text("{words}")' for kind in ("button", "a") for words in ("Add Restaurant", "New Restaurant")
)
_SUBDOMAIN = "div.inputgroup__InputGroupField-cWVTlp.ezKAHp input"
_ADDRESS = "div.selectasync__WrapperInner-fSgFTI"
_SUGGESTION = "div.selectasync__DropdownOption-gQpgNZ"
_HOURS = "form > div:nth-child(6)"
_REFUSAL = '.error, .alert-danger, [role="alert"]'
_LOCALE, _ZONE, _CURRENCY = Row(7, "System Locale"), Row(9, "Timezone"), Row(12, "Currency")
_TAX = Row(13, "Tax In Prices")


class NewRestaurant:
    """The form."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._form = Form(script, "form", "form > button")

    async def open(self) -> None:
        """Open the form from the dashboard.

        Raises:
            NotOffered: the dashboard has no button for it. PageChanged: it is empty, or no form comes.
        """
        if not await self._script.sees(f"{_FIRST}, {_FURTHER}", FORM_MS):
            lack = NotOffered if await self._page.locator("h4").count() else PageChanged
            raise lack("The dashboard has no button to create a restaurant.")
        await self._page.locator(f"{_FIRST}, {_FURTHER}").first.click()
        if not await self._script.sees("form", FORM_MS):
            raise PageChanged("The form for a new restaurant did not open.")

    async def fill(self, name: str, subdomain: str, phone: str) -> None:
        """Fill in name, subdomain and phone, and let Google's maps find the address."""
        page = self._page
        await page.locator('form input[type="text"]').first.fill(name)
        await page.locator(_SUBDOMAIN).fill(subdomain)
        source = page.locator('button:has-text("Google Maps"), label:has-text("Google Maps")')
        await source.first.click()
        await page.locator('input[type="tel"]').fill(phone)

    async def find_address(self, address: str) -> None:
        """Type the address and take the suggestion that contains its street.

        Raises:
            InvalidValue: none does: another one would be somebody else's house.
        """
        page = self._page
        await page.locator(_ADDRESS).first.click()
        await page.keyboard.type(address)
        until = time.monotonic() + SUGGESTIONS_MS / 1_000
        while True:
            offered = await page.locator(_SUGGESTION).all_inner_texts()
            place = best_suggestion(address, offered)
            if place is not None:
                return await page.locator(_SUGGESTION).nth(place).click()
            if time.monotonic() > until:
                told = ", ".join(text for text in offered if text != "Loading") or "nothing"
                raise InvalidValue(f"The portal finds no address with “{address.split(',')[0]}”. It offers: {told}.")
            await page.wait_for_timeout(_LOOK_MS)

    async def set_hours(self, slots: Sequence[Slot]) -> None:
        """One row a slot: the day, opening, closing."""
        page = self._page
        for _ in slots[1:]:
            await page.locator('button:has-text("Add Time Slot")').click()
        days = page.locator(f'{_HOURS} select:has(option:has-text("Monday"))')
        times = page.locator(f'{_HOURS} input[type="text"]')
        for number, slot in enumerate(slots):
            await days.nth(number).select_option(label=slot.day)
            await times.nth(2 * number).fill(slot.open)
            await times.nth(2 * number + 1).fill(slot.close)

    async def set_region(self, locale: str, city: str, currency: str) -> None:
        """Set locale, time zone and currency, and that prices include the tax."""
        await self._form.choose(_LOCALE, locale)
        await self._form.choose(_ZONE, city)
        await self._form.choose(_CURRENCY, currency)
        await self._form.turn(_TAX, on=True)

    async def create(self, name: str) -> None:
        """Create it, and see it on the dashboard.

        Raises:
            InvalidValue: the portal refuses it, with its words. PageChanged: it says nothing.
        """
        page = self._page
        await page.locator("form > button").click()
        # The form has gone, or says why not.
        await self._script.sees(f"h4, {_REFUSAL}", CREATED_MS)
        said = " ".join(await page.locator(_REFUSAL).all_inner_texts()).strip()
        if not said and await wait_for_entry(self._script, "h4", name, LISTED_MS):
            await wait_for_overlay(self._script)
            return
        if said:
            raise InvalidValue(f"The portal did not create the restaurant. It says: “{said}”.")
        raise PageChanged(f"The portal did not confirm that it created “{name}”.")


def best_suggestion(address: str, offered: Sequence[str]) -> int | None:
    """Which of the offered addresses is meant: one with the same street as a whole, and most of the rest; or none."""
    street, *rest = [fold_name(part) for part in address.split(",")]
    # “2 Main Street” is another house than “12 Main Street” and “3/2 Main Street”.
    is_there = re.compile(rf"(?<![\w/-]){re.escape(street)}(?!\w)")
    folded = [fold_name(text) for text in offered]
    fitting = [place for place, text in enumerate(folded) if is_there.search(text)]
    return max(fitting, key=lambda place: sum(part in folded[place] for part in rest), default=None)
