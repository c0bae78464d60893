"""Settings > Payments: adding Stripe, its section, and the way to Stripe's own site."""

import asyncio
from urllib.parse import urlsplit

from portal_scripts.pages.finding import card_of
from portal_scripts.pages.form import Row
from portal_scripts.pages.modal import BOX
from portal_scripts.pages.paths import SECTION
from portal_scripts.pages.saving import save
from portal_scripts.pages.settings import BLOCK, Settings
from scriptjobs.script import NotOffered, PageChanged, Script

DIALOGUE_MS = 10_000
CONNECT_MS = 20_000
_LOOK_S = 0.1
# The second one is what the sandbox calls itself; such names lead to no other machine.
STRIPE_HOSTS = ("connect.stripe.com", "connect.stripe.com.localhost")

_ADD = f"{SECTION} > div.heading__SettingsSectionHeading-gINcTH.hDzVir.flex-l-r-center > div.flex-line.centered.cursor"
_METHODS = f"{BOX} > div:nth-child(4) > div > div"
_ADD_METHOD = f"{BOX} > div:nth-child(5) > button"
_CONNECT = f"{BLOCK} > form > div > div:nth-child(2) > div > div > button"
_SECTION = 4

_ENABLE = Row(1, "Enable")
# Rows below the button to Stripe; without the button each stands one higher.
_CURRENCY, _LAYOUT, _THEME = Row(3, "Currency"), Row(6, "Layout"), Row(7, "Theme")
_LABEL, _DELIVERY_LABEL, _PRINT_LABEL = Row(9, "Label"), Row(10, "Delivery Label"), Row(11, "Print Label")
_MAXIMUM, _MINIMUM = Row(12, "Maximum Order Value"), Row(13, "Minimum Order Value")


class Payments:
    """The tab."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._settings = Settings(script, "Payments")

    async def open(self) -> None:
        """Open the tab.

        Raises:
            PageChanged: there is none.
        """
        await self._settings.open()

    async def add_stripe(self) -> bool:
        """Add Stripe unless it is there. Returns whether it was added.

        Raises:
            NotOffered: Stripe is not on offer. PageChanged: the dialogue is not as expected, or Stripe does not appear.
        """
        if not await self._script.sees(_ADD, DIALOGUE_MS):
            raise PageChanged("The tab “Payments” has no “Add Payment Method”.")
        if await self._settings.has_section("Stripe"):
            return False
        await self._page.locator(_ADD).click()
        if not await self._script.sees(_METHODS, DIALOGUE_MS):
            raise PageChanged("The dialogue for payment methods did not open.")
        card = await card_of(self._page.locator(_METHODS), "Stripe", 1)
        if card is None:
            raise NotOffered("Stripe is not among the payment methods that the portal offers to this account.")
        await card.click()
        await save(self._script, self._page.locator(_ADD_METHOD), "the payment method")
        if not await self._settings.has_section("Stripe"):
            raise PageChanged("Stripe does not stand among the payment methods after it was added.")
        return True

    async def configure(self, currency: str) -> None:
        """Set everything that we set at Stripe, and save."""
        await self._settings.open_section(_SECTION, "Stripe")
        form = self._settings.form()
        shift = 0 if await self._script.sees(_CONNECT, 1_000) else -1
        await form.turn(_ENABLE, on=True)
        await form.choose(_CURRENCY, currency, shift=shift)
        await form.choose(_LAYOUT, "Accordion without radio button", shift=shift)
        await form.choose(_THEME, "Flat", shift=shift)
        for row, value in (
            (_LABEL, "Stripe"), (_DELIVERY_LABEL, "Stripe"), (_PRINT_LABEL, "Paid Online"), (_MAXIMUM, "9999"),
            (_MINIMUM, "2"),
        ):  # fmt: skip
            await form.fill(row, value, shift=shift)
        await form.save("the payment settings")

    async def connect(self) -> str:
        """Press the button to Stripe and return the address it leads to, in this tab or another one, now or later.

        Raises:
            PageChanged: there is no button, or it leads nowhere.
        """
        if not await self._script.sees(_CONNECT, DIALOGUE_MS):
            raise PageChanged("There is no button “Connect to Stripe”.")
        await self._page.locator(_CONNECT).click()
        try:
            async with asyncio.timeout(CONNECT_MS / 1_000):
                return await self._wait_for_stripe()
        except TimeoutError as error:
            raise PageChanged("The button “Connect to Stripe” leads nowhere.") from error

    async def _wait_for_stripe(self) -> str:
        while True:
            for page in self._page.context.pages:
                if urlsplit(page.url).hostname in STRIPE_HOSTS:
                    return page.url
            await asyncio.sleep(_LOOK_S)
