"""The account's developers page: API keys."""

from collections.abc import Sequence

from portal_scripts.pages.finding import named, with_name
from portal_scripts.pages.loading import wait_for_page, wait_until_loaded
from portal_scripts.pages.paths import CARET, FIELD, MODAL, OPTIONS, ROOT
from portal_scripts.pages.saving import save
from scriptjobs.script import NotOffered, PageChanged, Script

PAGE_MS = 10_000
KEY_MS = 5_000

_MENU = "#scroll-root > div > div > menu > div > div:nth-child(1) > nav > a"
_LINK = f"{_MENU}:nth-child(4)"
_CREATE = f"{ROOT}:nth-child(1) > div.flex-l-r-center.m-b-7 > button"
_FORM = f"#api-form-modal-content > {MODAL} > form"
_ACCESS = f"{_FORM} > div:nth-child(2) > div > {FIELD}"
_ENTRY = f"{ROOT}:nth-child(1) > div.item-list__ItemListWrapper-dyLBYn.jkyIVq > div > div > div.p-lr-4.p-tb-2"
_KEY = "p.small > span"


class Developers:
    """The page."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._page = script.page

    async def open(self) -> None:
        """Open it from the dashboard's menu.

        Raises:
            NotOffered: the menu has no such link. PageChanged: there is no menu, or the page stays empty.
        """
        if not await self._script.sees(_LINK, PAGE_MS):
            lack = NotOffered if await self._script.sees(_MENU, PAGE_MS) else PageChanged
            raise lack("The account's menu has no link to the developers page.")
        # The list shows keys in clear, on every step and until the end: this page is not left.
        self._script.set_private(on=True)
        await self._page.locator(_LINK).click()
        if not await self._script.sees(_CREATE, PAGE_MS):
            raise PageChanged("The developers page did not open.")
        await wait_for_page(self._script)

    async def has_key(self, name: str) -> bool:
        """Whether a key of that name is listed. All keys of the list are kept out of texts from now on."""
        await wait_until_loaded(self._script, "#scroll-root")
        for shown in await self._page.locator(f"{_ENTRY} >> {_KEY}").all_inner_texts():
            if not _is_covered(shown):
                await self._script.hide(shown.strip())
        return bool(await with_name(self._page.locator(_ENTRY), name))

    async def create(self, name: str, restaurants: Sequence[str]) -> int:
        """Create a key with access to `restaurants`. Returns how many were chosen.

        Raises:
            PageChanged: the form is not as expected, or the portal does not save.
        """
        page = self._page
        await page.locator(_CREATE).click()
        await page.locator(f"{_FORM} > div:nth-child(1) > div > {FIELD} > input").fill(name)
        chosen = await self._give_access(restaurants)
        await save(self._script, page.locator(f"{_FORM} > button"), f"the key “{name}”")
        return chosen

    async def read(self, name: str) -> str:
        """The key of that name, kept out of log and pictures; the newest one where the list shows no names.

        Raises:
            NotOffered: the list does not show the key.
        """
        await self._script.sees(f"{_ENTRY} >> {_KEY}", KEY_MS)
        entries = await with_name(self._page.locator(_ENTRY), name)
        found = (entries[0] if entries else self._page).locator(_KEY if entries else f"{_ENTRY} >> {_KEY}")
        value = (await found.first.inner_text()).strip() if await found.count() else ""
        if _is_covered(value):
            raise NotOffered(
                f"The key “{name}” is there, but the portal does not show it. Delete it on the developers page, "
                "then start the job again."
            )
        await self._script.hide(value)
        return value

    async def _give_access(self, restaurants: Sequence[str]) -> int:
        """By name: entries vanish from the list as they are chosen, so positions would skip some."""
        caret = self._page.locator(f"{_ACCESS} > div > {CARET}")
        if not await caret.count():
            return 1  # the only restaurant is chosen already
        for name in restaurants:
            await caret.click()
            entry = await named(self._page.locator(f"{_ACCESS} > div > {OPTIONS} > div"), name)
            if not entry:
                raise PageChanged(f"The form for a key does not offer the restaurant “{name}”.")
            await entry[0].click()
        return len(restaurants)


def _is_covered(shown: str) -> bool:
    """Whether the portal shows dots in the place of a key, or nothing."""
    return set(shown.strip()) <= set("•*·.…")
