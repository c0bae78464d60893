"""Settings > System: tax, phone, receipt printers and logo, sounds, Google sign-in, webhooks."""

from collections.abc import Callable
from pathlib import Path

from portal_scripts.pages.finding import named, texts_in
from portal_scripts.pages.form import Row
from portal_scripts.pages.loading import wait_until_loaded
from portal_scripts.pages.modal import BOX, Modal
from portal_scripts.pages.paths import CARET, FIELD, OPTIONS
from portal_scripts.pages.settings import BLOCK, Settings
from portal_scripts.pages.upload import upload
from scriptjobs.addresses import is_same_address
from scriptjobs.names import find_name
from scriptjobs.script import PageChanged, Script

FIELD_MS = 5_000

_TAXES = f"{BLOCK} > form > div > div:nth-child(8) > div > {FIELD} > div > div"
_CREATE_TAX = f"{_TAXES} > button"
_TAX_INPUTS = f"{_TAXES} > div > div.flex-line > div.flex-line"
_TAX_NAME = f"{_TAX_INPUTS} > div:nth-child(1) > div > {FIELD} > input"
_TAX_RATE = f"{_TAX_INPUTS} > div:nth-child(2) > div > {FIELD} > input"
_RESTAURANT_NAME = Row(1, "Restaurant Name")
_PHONE = Row(4, "Phone Number")
_CREATE_PRINTER = f"{BLOCK} > div > div.p-4 > div.flex > button.button__ButtonComponent-igFjHP.kkCuBg.p-lr-2.m-r-2"
_PRINTER_NAME = "h3, .font-bold"
_PRINTER_KEY = 'code, span:has-text("RES")'
_LOGO = f"{BLOCK} > div > form > div > div > div > div:nth-child(2)"
_CUSTOM_LOGO = f"{_LOGO} > div:nth-child(1) > button:nth-child(2)"
_UPLOAD_LOGO = f"{_LOGO} > div:nth-child(2) > div > button:nth-child(1)"
_CREATE_WEBHOOK = f"{BLOCK} > div > button"
_CUSTOMER_NAME = 19
# Of the seven events of a webhook, all on at first, the first and the third stay on.
_EVENTS = (True, False, True, False, False, False, False)


async def read_restaurant_name(script: Script) -> str:
    """The restaurant's name, in its settings, which are open.

    Raises:
        PageChanged: it does not stand where it should.
    """
    settings = Settings(script, "System")
    await settings.open()
    await settings.open_section(2, "General Settings")
    return (await settings.form().read(_RESTAURANT_NAME)).strip()


class System:
    """The tab."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page
        self._settings = Settings(script, "System")

    async def open(self) -> None:
        """Open the tab.

        Raises:
            PageChanged: there is none.
        """
        await self._settings.open()

    async def reopen(self) -> None:
        """Open it again after something went wrong."""
        await self._settings.reopen()

    async def add_tax(self, name: str, rate: int) -> bool:
        """Create the tax unless one of that name is there. Returns whether it was created."""
        await self._settings.open_section(2, "General Settings")
        await self._script.sees(_CREATE_TAX, FIELD_MS)
        await wait_until_loaded(self._script, BLOCK)
        names = [await field.input_value() for field in await self._page.locator(_TAX_NAME).all()]
        if find_name(name, names):
            return False
        await self._page.locator(_CREATE_TAX).click()
        await self._page.locator(_TAX_NAME).nth(len(names)).fill(name)
        await self._page.locator(_TAX_RATE).nth(len(names)).fill(str(rate))
        await self._settings.form().save(f"the tax {name}")
        return True

    async def change_phone(self, correct: Callable[[str], str]) -> str:
        """Put the restaurant's phone number into the form that `correct` gives it. Returns it, or an empty text."""
        await self._settings.open_section(3, "Location Settings")
        form = self._settings.form()
        phone = (await form.read(_PHONE)).strip()
        if not phone or correct(phone) == phone:
            return phone
        await form.fill(_PHONE, correct(phone))
        await form.save("the phone number")
        return correct(phone)

    async def printer_key(self, name: str) -> str | None:
        """The key of the printer of that name; None when there is no such printer. The keys of all printers are kept
        out of log and pictures, since the section shows them all.

        Raises:
            PageChanged: the printer is there without a key.
        """
        await self._settings.open_section(8, "Receipt Printing")
        await self._settings.open_tab("notifications", 1, "Printer Set-up")
        await self._script.sees(_CREATE_PRINTER, FIELD_MS)
        await wait_until_loaded(self._script, BLOCK)
        for shown in await self._page.locator(f"{BLOCK} .p-4").locator(_PRINTER_KEY).all_inner_texts():
            if shown.strip():
                await self._script.hide(shown.strip())
        titles = await named(self._page.locator(f"{BLOCK} .p-4 > :is({_PRINTER_NAME})"), name)
        if not titles:
            return None
        key = titles[0].locator("xpath=..").locator(_PRINTER_KEY)
        if not await key.count():
            raise PageChanged(f"The printer “{name}” shows no key.")
        return (await key.first.inner_text()).strip()

    async def create_printer(self, name: str, footer: str | None) -> str:
        """Create a printer and return its key.

        Raises:
            PageChanged, SignedOut: the pop-up is not as expected, or the portal does not save.
        """
        modal = Modal(self._script, f"the printer “{name}”")
        await self._page.locator(_CREATE_PRINTER).click()
        await modal.wait()
        key = await modal.key()
        await modal.form.fill(Row(1, "Name"), name)
        await modal.form.turn(Row(2, "Auto Print Orders"), on=True)
        await modal.open_tab("Customization")
        await self._customise(modal)
        await modal.open_tab("Header & Footer")
        await modal.form.turn(Row(1, "Print Logo"), on=True)
        if footer:
            await self._page.locator("#receipt-footer-html-editor > div:nth-child(1)").fill(footer)
        await modal.save()
        return key

    async def upload_receipt_logo(self, path: Path) -> None:
        """Print a logo of our own on receipts."""
        await self._settings.open_section(8, "Receipt Printing")
        await self._settings.open_tab("notifications", 2, "Receipt Logo")
        await self._page.locator(_CUSTOM_LOGO).click()
        await self._page.locator(_UPLOAD_LOGO).click()
        await upload(self._script, path)
        await self._settings.form_in_div().save("the receipt logo")

    async def set_sounds(self, sound: str, repeat: int) -> None:
        """Set the sound of a new order, how often it comes, and that a click stops it."""
        await self._settings.open_section(10, "Audio Notifications")
        form = self._settings.form_in_div()
        await form.choose(Row(1, "Sound"), sound)
        await form.fill(Row(2, "Repeat Count"), str(repeat))
        await form.turn(Row(3, "Stop on Click"), on=True)
        await form.save("the sounds")

    async def set_google(self, client_id: str) -> None:
        """Let customers sign in with Google."""
        await self._settings.open_section(11, "Customer Accounts")
        await self._settings.open_tab("accounts", 3, "Google")
        form = self._settings.deep_form()
        await form.fill(Row(1, "Google OAuth Client ID"), client_id)
        await form.save("the Google sign-in")

    async def has_webhook(self, url: str) -> bool:
        """Whether a webhook to that address is there."""
        await self._settings.open_section(14, "Webhooks")
        await self._script.sees(_CREATE_WEBHOOK, FIELD_MS)
        await wait_until_loaded(self._script, BLOCK)
        [texts] = await texts_in(self._page.locator(BLOCK).first) or [[]]
        return any(is_same_address(text, url) for text in texts)

    async def create_webhook(self, url: str, keep_secret: Callable[[str], None]) -> None:
        """Create a webhook for new and confirmed orders.

        Its secret is shown in the pop-up alone, so `keep_secret` gets it before the save: one that the portal does not
        confirm may be done all the same.
        """
        modal = Modal(self._script, "the webhook")
        await self._page.locator(_CREATE_WEBHOOK).first.click()
        await modal.wait()
        keep_secret(await modal.key())
        await modal.form.fill(Row(2, "URL"), url)
        await modal.open_tab("Events", strip="webhook", position=2)
        for number, on in enumerate(_EVENTS, start=1):
            await modal.form.turn(Row(number, f"Event {number}"), on=on)
        await modal.save()

    async def _customise(self, modal: Modal) -> None:
        """Print the customer's name, and make the order's origin and payment stand out."""
        details = await modal.form.row(Row(1, "Details"))
        name = details.locator(f"{FIELD} > div > div:nth-child({_CUSTOMER_NAME}) label").first
        await name.set_checked(True)
        highlighted = await modal.form.row(Row(2, "Highlighted Fields"))
        chosen = await highlighted.inner_text()
        for field in ("Origin", "Payment Method"):
            if field not in chosen:
                await highlighted.locator(CARET).first.click()
                await self._page.locator(f"{BOX} {OPTIONS} > div").filter(has_text=field).first.click()
