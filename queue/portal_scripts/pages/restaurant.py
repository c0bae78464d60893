"""From the dashboard into a restaurant, and its side bar."""

import re

from portal_scripts.pages.loading import wait_for_page, wait_until_loaded
from portal_scripts.pages.login import DASHBOARD, DASHBOARD_MS
from portal_scripts.restaurant_match import find_restaurant
from scriptjobs.script import PageChanged, Script

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


async def open_restaurant(script: Script, name: str) -> str:
    """Find the restaurant on the dashboard and open it. Returns its id (`RES…`).

    Raises:
        RestaurantNotFound, RestaurantAmbiguous: see `find_restaurant`.
        PageChanged: it has no button "Manage", or does not open.
    """
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
            await button.first.click()
            break
    else:
        raise PageChanged(f"“{names[index]}” has no button “Manage” on the dashboard.")
    await page.wait_for_url("**/restaurant/RES*", timeout=DASHBOARD_MS, wait_until="commit")
    await wait_for_page(script)
    found = _ID.search(page.url)
    return found[1] if found else ""


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
