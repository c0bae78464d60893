"""From the dashboard into a restaurant, and its side bar."""

import re
from typing import NamedTuple, TypeVar

from portal_scripts.pages.finding import named
from portal_scripts.pages.loading import wait_for_page, wait_until_loaded
from portal_scripts.pages.login import DASHBOARD, DASHBOARD_MS
from portal_scripts.pages.system import read_restaurant_name
from portal_scripts.portal_payload import PortalPayload
from portal_scripts.restaurant_match import find_restaurant
from scriptjobs.names import is_same_name
from scriptjobs.script import PageChanged, RestaurantAmbiguous, RestaurantNotFound, Result, Script

LIST_MS = 10_000

OPEN = "Open the restaurant"
MENUS = "Open the menus"
SETTINGS = "Open the settings"

_MENU_LINKS = ("#nav-link-menus", 'aside a[href*="/menu"], nav a[href*="/menu"]')
_SETTINGS_LINKS = (
    "#nav-link-settings", 'nav a:has-text("Settings"), nav button:has-text("Settings")', 'a[href*="settings"]',
)  # fmt: skip
_ID = re.compile(r"/restaurant/(RES[\w-]*)")


async def names_on_dashboard(script: Script) -> list[str]:
    """The restaurants of the account, in the order of their cards."""
    await script.sees(DASHBOARD, LIST_MS)
    await wait_until_loaded(script, "#scroll-root")
    return [text.strip() for text in await script.page.locator("h4").all_inner_texts()]


R = TypeVar("R", bound=Result)


class Opened(NamedTuple):
    """The restaurant that was opened: its id on the portal (`RES…`), its name there, and the name in the payload."""

    id: str
    name: str
    wanted: str

    def told_in(self, result: R) -> R:
        """The result with the restaurant in it, and what was asked for where that is another name."""
        differs = None if is_same_name(self.name, self.wanted) else self.wanted
        said = f"{result.message} In “{self.name}” (asked for: “{differs}”)." if differs else result.message
        return result.model_copy(update={"restaurant": self.name, "asked_for": differs, "message": said})


async def open_restaurant_of(script: Script, payload: PortalPayload) -> Opened:
    """Open the restaurant: by its id on the portal where the payload knows it, else by its name on the dashboard.

    Raises:
        RestaurantNotFound, RestaurantAmbiguous: see `find_restaurant`; or the one of that id has another name.
        PageChanged: it has no button "Manage", or does not open.
    """
    if payload.portal_restaurant_id:
        return await _open_by_id(script, payload.portal_restaurant_id, payload.restaurant_name)
    return await open_restaurant(script, payload.restaurant_name)


async def _open_by_id(script: Script, id_: str, wanted: str) -> Opened:
    await script.open(f"{script.portal_url}/restaurant/{id_}")
    if not await script.sees(_SETTINGS_LINKS[0], DASHBOARD_MS):
        raise RestaurantNotFound(f"There is no restaurant {id_} in this account.", found=[])
    await wait_for_page(script)
    await open_settings(script)
    name = await read_restaurant_name(script)
    if not is_same_name(name, wanted):
        raise RestaurantAmbiguous(
            f"The restaurant {id_} is called “{name}”, not “{wanted}”. Correct the name or the id.", candidates=[name]
        )
    return Opened(id_, name, wanted)


async def open_restaurant(script: Script, name: str) -> Opened:
    """Find the restaurant on the dashboard, and open it. For what it raises see `open_restaurant_of`."""
    page = script.page
    names = await names_on_dashboard(script)
    index = find_restaurant(name, names)
    await script.log(f"Opening “{names[index]}” (number {index + 1} of {len(names)}).")
    for selector in (
        f'#restaurant-list-item-{index} button:has-text("Manage")',
        f'button[id="restaurant-list-item-view-store-{index}"]',
        f'button:has-text("Manage") >> nth={index}',
    ):
        button = page.locator(selector)
        if await button.count():
            await _must_be_its_card(script, index, names[index])
            await button.first.click()
            break
    else:
        raise PageChanged(f"“{names[index]}” has no button “Manage” on the dashboard.")
    await page.wait_for_url("**/restaurant/RES*", timeout=DASHBOARD_MS, wait_until="commit")
    await wait_for_page(script)
    found = _ID.search(page.url)
    return Opened(found[1] if found else "", names[index], name)


async def _must_be_its_card(script: Script, index: int, name: str) -> None:
    """The list may have grown since it was read, and then the same place is another restaurant's."""
    titles = script.page.locator("h4")
    if not await named(titles.nth(index), name):
        raise PageChanged(f"The dashboard changed while “{name}” was looked for.")


async def open_menus(script: Script) -> None:
    """Go to the restaurant's menus.

    Raises:
        PageChanged: the side bar has no such link.
    """
    await _follow(script, _MENU_LINKS, "the menus")


async def open_settings(script: Script) -> None:
    """Go to the restaurant's settings.

    Raises:
        PageChanged: the side bar has no such link.
    """
    await _follow(script, _SETTINGS_LINKS, "the settings")


async def _follow(script: Script, links: tuple[str, ...], where: str) -> None:
    for selector in links:
        if await script.sees(selector, LIST_MS):
            await script.page.locator(selector).first.click()
            await wait_for_page(script)
            return
    raise PageChanged(f"The side bar has no link to {where}.")
