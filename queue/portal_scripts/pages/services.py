"""Settings > Services: pickups, deliveries, dine-ins, table bookings, each with tabs of its own."""

from typing import NamedTuple

from portal_scripts.pages.form import Row
from portal_scripts.pages.loading import wait_until_loaded
from portal_scripts.pages.settings import BLOCK, Settings
from scriptjobs.names import fold_name
from scriptjobs.script import Script

_REMOVE = (
    f"{BLOCK} > div > form > div > div > div > div > div > div > div > div:nth-child(1) > div:nth-child(1)"
    " > div.preview__FieldActions-fEoEZR.jZeUTf > button"
)
_PICKUPS, _DELIVERIES = (1, "Pickups"), (2, "Deliveries")
_FIRST, _LAST, _DAYS = Row(2, "First Order Offset"), Row(3, "Last Order Offset"), Row(5, "Maximum Days Ahead")
_AUTO = Row(2, "Auto Statuses")
_PROVIDER, _MAP, _NUMBER = (
    Row(3, "Default Delivery Provider"),
    Row(6, "Enable Map Picker"),
    Row(10, "Force Street Number"),
)
_ADDRESS, _MINIMUM = Row(11, "Force Specific Street Address"), Row(1, "Minimum Order Amount")
_ENABLED = Row(1, "Enabled")


class Timing(NamedTuple):
    """Order timing: minutes after opening, minutes before closing, days ahead."""

    first: int
    last: int
    days: int


class Services:
    """The tab."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._settings = Settings(script, "Services")

    async def open(self) -> None:
        """Open the tab.

        Raises:
            PageChanged: there is none.
        """
        await self._settings.open()

    async def reopen(self) -> None:
        """Open it again after something went wrong."""
        await self._settings.reopen()

    async def set_pickup_timing(self, timing: Timing) -> None:
        """Set when pickups may be ordered."""
        await self._open(_PICKUPS, "accounts", 2, "Order Timing")
        await self._set_timing(timing, "the order timing of pickups")

    async def set_pickup_waits(self, minutes: dict[str, int]) -> None:
        """Set the statuses of pickups that follow by themselves, and after how many minutes."""
        await self._open(_PICKUPS, "accounts", 4, "Wait Times & Auto Statuses")
        await self._set_waits(minutes, "the wait times of pickups")

    async def set_delivery_address(self, *, map_picker: bool, street_number: bool, street_address: bool) -> None:
        """Set how exact a delivery's address has to be."""
        await self._open(_DELIVERIES, "section", 1, "General")
        form = self._settings.deep_form()
        await form.turn(_MAP, on=map_picker)
        await form.turn(_NUMBER, on=street_number)
        await form.turn(_ADDRESS, on=street_address)
        await form.save("the address settings of deliveries")

    async def set_delivery_minimum(self, amount: int) -> None:
        """Set the least value of an order that is delivered."""
        await self._open(_DELIVERIES, "section", 2, "Conditions")
        form = self._settings.deep_form()
        await form.fill(_MINIMUM, str(amount))
        await form.save("the conditions of deliveries")

    async def set_delivery_timing(self, timing: Timing) -> None:
        """Set when deliveries may be ordered."""
        await self._open(_DELIVERIES, "section", 5, "Order Timing")
        await self._set_timing(timing, "the order timing of deliveries")

    async def set_delivery_waits(self, minutes: dict[str, int]) -> None:
        """Set the statuses of deliveries that follow by themselves, and after how many minutes."""
        await self._open(_DELIVERIES, "section", 4, "Wait Times & Auto Statuses")
        await self._set_waits(minutes, "the wait times of deliveries")

    async def remove_checkout_field(self, name: str) -> bool:
        """Remove a checkout field of deliveries, if it is there and the first. Returns whether it was removed."""
        await self._open(_DELIVERIES, "section", 8, "Custom Checkout Fields")
        await wait_until_loaded(self._script, BLOCK)
        if not await self._script.page.locator(_REMOVE).count():
            return False
        first = self._script.page.locator(_REMOVE).locator("xpath=../..")
        if fold_name(name) not in fold_name(await first.inner_text()):
            return False
        await self._script.page.locator(_REMOVE).click()
        await self._settings.deep_form().save("the checkout fields of deliveries")
        return True

    async def set_provider(self, name: str) -> None:
        """Set who delivers by default.

        Raises:
            PageChanged: the list does not offer it.
        """
        await self._open(_DELIVERIES, "section", 1, "General")
        form = self._settings.deep_form()
        await form.choose(_PROVIDER, name)
        await form.save("the delivery provider")

    async def enable(self, position: int, title: str, *, on: bool) -> None:
        """Switch a service on or off."""
        await self._settings.open_section(position, title)
        form = self._settings.deep_form()
        await form.turn(_ENABLED, on=on)
        await form.save(title.lower())

    async def _open(self, section: tuple[int, str], strip: str, position: int, title: str) -> None:
        await self._settings.open_section(*section)
        await self._settings.open_tab(strip, position, title)

    async def _set_timing(self, timing: Timing, what: str) -> None:
        form = self._settings.deep_form()
        await form.fill(_FIRST, str(timing.first))
        await form.fill(_LAST, str(timing.last))
        await form.fill(_DAYS, str(timing.days))
        await form.save(what)

    async def _set_waits(self, minutes: dict[str, int], what: str) -> None:
        form = self._settings.deep_form()
        await form.turn_each(_AUTO, [True] * len(minutes))
        for number, (status, value) in enumerate(minutes.items(), start=3):
            await form.fill(Row(number, f"Time Till {status}"), str(value))
        await form.save(what)
