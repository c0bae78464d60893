"""From the dashboard into a restaurant, and its side bar."""

from portal_scripts.pages.login import DASHBOARD_MS, wait_for_overlay
from portal_scripts.restaurant_match import find_restaurant
from scriptjobs.script import PageChanged, Script

_LIST_MS = 10_000
_MENU_LINKS = ("#nav-link-menus", 'aside a[href*="/menu"], nav a[href*="/menu"]')


async def open_restaurant(script: Script, name: str) -> None:
    """Find the restaurant on the dashboard and open it.

    Raises:
        RestaurantNotFound, RestaurantAmbiguous: see `find_restaurant`.
        PageChanged: it has no button "Manage", or does not open.
    """
    page = script.page
    await script.sees("h4", _LIST_MS)
    names = [text.strip() for text in await page.locator("h4").all_inner_texts()]
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
    await wait_for_overlay(script)


async def open_menus(script: Script) -> None:
    """Go to the restaurant's menus.

    Raises:
        PageChanged: the side bar has no such link.
    """
    page = script.page
    for selector in _MENU_LINKS:
        if await script.sees(selector, _LIST_MS):
            await page.locator(selector).first.click()
            await wait_for_overlay(script)
            return
    raise PageChanged("The side bar has no link to the menus.")
