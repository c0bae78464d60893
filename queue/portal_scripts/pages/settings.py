"""Settings: five tabs, each a column of sections; opening a section renders its form."""

from portal_scripts.pages.form import Form
from portal_scripts.pages.loading import text_of, wait_for_change, wait_until_loaded
from portal_scripts.pages.paths import OPEN_BLOCK, SECTION, TABS, quoted
from scriptjobs.script import NotOffered, PageChanged, Script

TAB_MS = 10_000
TITLE_MS = 5_000
BLOCK_MS = 10_000

# These list keys in clear, and so do the pop-ups that open from them.
SECRET_SECTIONS = frozenset({"Receipt Printing", "Webhooks"})

CLOSE = ".modal__CloseButton-ciHmJi:visible"
BLOCK = f"{SECTION} > {OPEN_BLOCK}"
_OPEN = f"{SECTION} > div.block__Block-ljvlRq.epsQby"
_CONTENT = "div.block__Content-bopatn.lbcjnQ"
_PAGE = "#scroll-root"
# The rows of services stand five divs deep.
_DEEP = "div > form > div > div > div > div > div"


class Settings:
    """One tab of the settings."""

    def __init__(self, script: Script, tab: str) -> None:
        self._script = script
        self._page = script.page
        self._tab = tab
        self._inner_tab = 1  # of the open section; the first is shown when a section opens

    async def open(self) -> None:
        """Open the tab, also where it is open, so that its sections are drawn anew.

        Raises:
            NotOffered: there are tabs, and not this one. PageChanged: there is none at all.
        """
        by_text = f':text-is("{self._tab}")'
        by_button = f'button:has-text("{self._tab}")'
        await wait_until_loaded(self._script, _PAGE)
        if not await self._script.sees(f"{by_text}, {by_button}", TAB_MS):
            others = await self._script.sees(":text-is('System'), :text-is('Payments')", TAB_MS)
            raise (NotOffered if others else PageChanged)(f"The settings have no tab “{self._tab}”.")
        found = self._page.locator(by_text)
        before = await text_of(self._script, _PAGE)
        await (found if await found.count() else self._page.locator(by_button)).first.click()
        # Until then the sections of another tab stand there. Nothing changes when this tab was open already.
        await wait_for_change(self._script, _PAGE, before)
        if not await self._page.locator(_OPEN).count():
            self._script.set_private(on=False)
        self._inner_tab = 1

    async def reopen(self) -> None:
        """Leave whatever lies over the page, and open the tab anew."""
        for button in await self._page.locator(CLOSE).all():
            await button.click()
        await self._page.keyboard.press("Escape")
        await self.open()

    async def open_section(self, position: int, title: str) -> None:
        """Open the section `title`; one that is open stays so. Nothing is kept of what one that lists keys shows.

        Raises:
            PageChanged: it is not there, or does not open.
        """
        section = await self._section(position, title)
        # One that is found by its place only may be any.
        is_secret = title in SECRET_SECTIONS or section != _titled(title)
        if is_secret:
            self._script.set_private(on=True)
        if await self._page.locator(f"{section}.epsQby").count():
            return
        # One is open at a time: what is filled in and saved is what stands in the open one.
        async with self._script.attempt():
            for other in await self._page.locator(_OPEN).all():
                await other.locator("> div").first.click()
            await self._page.locator(BLOCK).first.wait_for(state="detached", timeout=BLOCK_MS)
            await self._page.locator(f"{section} > div").first.click()
        if not await self._script.sees(f"{section}.epsQby > {_CONTENT}", BLOCK_MS):
            raise PageChanged(f"The section “{title}” did not open.")
        self._script.set_private(on=is_secret)
        self._inner_tab = 1

    async def has_section(self, title: str) -> bool:
        """Whether a section of that title is there."""
        await wait_until_loaded(self._script, SECTION)
        return bool(await self._page.locator(_titled(title)).count())

    async def _section(self, position: int, title: str) -> str:
        await self._script.sees(_titled(title), TITLE_MS)
        if await self._page.locator(_titled(title)).count() == 1:
            return _titled(title)
        if not await self._script.sees(f"{SECTION} > div:nth-child({position})", TAB_MS):
            raise PageChanged(f"The tab “{self._tab}” has no section “{title}”.")
        await self._script.log(f"No section is titled “{title}”; number {position} is taken.", "warning")
        return f"{SECTION} > div:nth-child({position})"

    async def open_tab(self, strip: str, position: int, title: str) -> None:
        """Open a tab inside the open section: by its words, else by its place in the strip.

        Raises:
            PageChanged: there is no such tab.
        """
        if self._inner_tab == position:
            return
        by_words = self._page.locator(f'{BLOCK} :text-is("{quoted(title)}")')
        tab = self._page.locator(f"#{strip}-tab-options-tab-select-content > {TABS} > div:nth-child({position}) > div")
        await self._script.sees(f"#{strip}-tab-options-tab-select-content", BLOCK_MS)
        found = by_words if await by_words.count() == 1 else tab
        if not await found.count():
            raise PageChanged(f"The section has no tab “{title}”.")
        before = await text_of(self._script, BLOCK)
        await found.first.click()
        if not await wait_for_change(self._script, BLOCK, before):
            raise PageChanged(f"The tab “{title}” did not open.")
        self._inner_tab = position

    def form(self) -> Form:
        """The form of the open section."""
        return Form(self._script, f"{BLOCK} > form > div", f"{BLOCK} > form > div > button")

    def form_in_div(self) -> Form:
        """The form of a section that wraps it once more."""
        return Form(self._script, f"{BLOCK} > div > form > div", f"{BLOCK} > div > form > div > button")

    def deep_form(self) -> Form:
        """The form of a section with tabs."""
        return Form(self._script, f"{BLOCK} > {_DEEP}", f"{BLOCK} > div > form > div > button")


def _titled(title: str) -> str:
    return f'{SECTION} > div:has(> div:first-child :text-is("{quoted(title)}"))'
