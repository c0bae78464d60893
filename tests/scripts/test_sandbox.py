"""The sandbox portal itself: a person or another script meets there what the live portal has."""

from collections.abc import AsyncGenerator

import httpx2
import pytest
from playwright.async_api import Browser, Page

from sandbox_portal import create_app
from tests.processes import Portal

pytestmark = pytest.mark.anyio
FIELD = "div.group__FormGroupContent-ccjnpO.kpPgpj"
# Labels of rows whose only control is not what lies at the centre of the row's content.
_MISSED = """() => {
  const controls = "input:not(.hidden), select, textarea, button, label, [contenteditable], .selectadv__Wrapper-cKWklP, .colorpicker__SwatchWrapper-kmfhwV";
  const missed = [];
  for (const field of document.querySelectorAll(".group__FormGroupContent-ccjnpO")) {
    if (!field.getClientRects().length || field.querySelector(".hidden :focus")) continue;
    const inside = [...field.querySelectorAll(controls)].filter((node) => node.getClientRects().length && !node.parentElement.closest(controls));
    if (inside.length !== 1) continue;
    field.scrollIntoView({ block: "center" });
    const box = field.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!inside[0].contains(hit)) missed.push(field.previousSibling?.textContent);
  }
  return missed;
}"""


@pytest.fixture
async def page(chromium: Browser, clean_portal: Portal) -> AsyncGenerator[Page]:
    context = await chromium.new_context(user_agent="Mozilla/5.0 Chrome/131", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(5_000)
    page = await context.new_page()
    await page.goto(f"{clean_portal.address}/login")
    await page.fill("input[type=email]", "demo@example.com")
    await page.fill("input[type=password]", "demo-password")
    await page.click("button[type=submit]")
    await page.wait_for_selector("h4")
    yield page
    await context.close()


async def open_settings(page: Page, tab: str) -> None:
    await page.click('button:has-text("Manage") >> nth=4')
    await page.click("#nav-link-settings")
    await page.click(f'.tab:text-is("{tab}")')
    await page.wait_for_selector(f'.tab:text-is("{tab}")')


async def open_section(page: Page, title: str) -> None:
    await page.click(f'.block__Header-cursor:has-text("{title}")')
    await page.wait_for_selector(".block__Content-bopatn")


@pytest.mark.parametrize(
    ("tab", "sections"),
    [
        ("System", ["General Settings", "Location Settings", "Audio Notifications"]),
        ("Services", ["Pickups", "Deliveries", "Dine-Ins"]),
        ("Payments", ["Cash", "Stripe"]),
        ("Website", ["Colors", "Fonts", "Header", "Items", "Favicon", "SEO", "Social Media", "Custom Code"]),
    ],
)
async def test_a_control_fills_its_wrapper(page: Page, clean_portal: Portal, tab: str, sections: list[str]) -> None:
    place = clean_portal.state()["accounts"]["demo@example.com"]["restaurants"][4]
    clean_portal.add(place["id"], "payments", {"name": "Stripe"})
    await open_settings(page, tab)

    missed: dict[str, list[str]] = {}
    for section in sections:
        await open_section(page, section)
        strip = page.locator(".block__Content-bopatn .tab")
        for number in range(max(1, await strip.count())):
            if await strip.count():
                await strip.nth(number).click()
            missed[section] = missed.get(section, []) + await page.evaluate(_MISSED)
        await page.click(f'.block__Header-cursor:has-text("{section}")')
        await page.wait_for_selector(".block__Content-bopatn", state="detached")

    assert {name: labels for name, labels in missed.items() if labels} == {}


async def test_a_click_on_the_wrapper_opens_stripes_layout(page: Page, clean_portal: Portal) -> None:
    place = clean_portal.state()["accounts"]["demo@example.com"]["restaurants"][4]
    clean_portal.add(place["id"], "payments", {"name": "Stripe"})
    await open_settings(page, "Payments")
    await open_section(page, "Stripe")

    await page.locator(f".block__Content-bopatn form > div > div:nth-child(6) > div > {FIELD}").click()

    await page.wait_for_selector('div.selectadv__Dropdown-eSUwYi:has-text("Accordion with radio button")')


async def test_a_click_on_the_wrapper_turns_one_automatic_status(page: Page) -> None:
    await open_settings(page, "Services")
    await open_section(page, "Pickups")
    await page.click('.tab:text-is("Wait Times & Auto Statuses")')
    switches = page.locator(f"{FIELD} > div:has(input[type=checkbox])")

    await switches.nth(1).locator("> div").click()
    await switches.nth(2).click()

    assert [await box.is_checked() for box in await switches.locator("input").all()] == [False, True, True]


async def test_the_form_of_a_restaurant_takes_clicks_on_wrappers_and_refuses_what_is_no_time(
    page: Page, clean_portal: Portal
) -> None:
    await page.click('button:has-text("Add Restaurant")')
    await page.wait_for_selector("form")
    assert await page.evaluate(_MISSED) == []

    await page.fill('form input[type="text"] >> nth=0', "Wok & Roll")
    await page.click("div.inputgroup__InputGroupField-cWVTlp.ezKAHp")
    await page.keyboard.type("wokroll")
    await page.click(f"form > div:nth-child(12) > div > {FIELD} > div")
    await page.click('div.selectadv__Dropdown-eSUwYi > div:text-is("NZD")')
    await page.click(f"form > div:nth-child(13) > div > {FIELD} > div")
    await page.fill("input[type=tel]", "+6434567890")
    await page.click("div.selectasync__WrapperInner-fSgFTI")
    await page.keyboard.type("12 Example Street")
    await page.click("div.selectasync__DropdownOption-gQpgNZ:has-text('12 Example Street') >> nth=0")
    opens = page.locator('form > div:nth-child(6) input[type="text"]').first
    await opens.fill("09:009:00")
    await page.click("form > button")
    assert "Invalid time: 09:009:00" in await page.inner_text('[role="alert"]')
    assert len(clean_portal.state()["accounts"]["demo@example.com"]["restaurants"]) == 5

    await opens.fill("09:00")
    await page.click("form > button")
    await page.wait_for_selector('h4:text-is("Wok & Roll")')
    made = clean_portal.state()["accounts"]["demo@example.com"]["restaurants"][5]["registered"]
    assert (made["subdomain"], made["currency"], made["taxInPrices"]) == ("wokroll", "NZD", True)


async def test_an_open_colour_picker_does_not_cover_the_button_that_saves(page: Page, clean_portal: Portal) -> None:
    await page.click('button:has-text("Manage") >> nth=4')
    await page.click("#nav-link-menus")
    await page.click('button:text-is("Item Tags")')
    await page.click('button:has-text("Create New Item Tag")')
    await page.fill(f"form {FIELD} > input >> nth=0", "Spicy")
    await page.click("div.colorpicker__SwatchWrapper-kmfhwV >> nth=0")

    await page.click('form button:text-is("Save")')

    await page.wait_for_selector('.tile:has-text("Spicy")')
    assert [tag["name"] for tag in clean_portal.tags("Curry Garden")] == ["Spicy"]


async def test_an_open_colour_picker_covers_the_rows_below(page: Page) -> None:
    await open_settings(page, "Website")
    await open_section(page, "Colors")
    swatches = page.locator("div.colorpicker__SwatchWrapper-kmfhwV")
    await swatches.nth(0).click()

    covered = await page.evaluate(
        """() => { const box = document.querySelectorAll(".colorpicker__SwatchWrapper-kmfhwV > div")[1].getBoundingClientRect();
        return Boolean(document.elementFromPoint(box.x + 5, box.y + 5).closest(".colorpicker__DropWrapper-hDQMcy")); }"""
    )
    await page.click('form button:text-is("Save")')

    assert covered
    await page.wait_for_selector('.toast:has-text("Saved")')


@pytest.mark.parametrize(
    ("address", "stripe"),
    [
        ("http://portal.example", "http://connect.stripe.com.localhost/express/"),
        ("http://portal.example:80", "http://connect.stripe.com.localhost/express/"),
        ("http://127.0.0.1:9000", "http://connect.stripe.com.localhost:9000/express/"),
        ("https://portal.example", "https://connect.stripe.com.localhost/express/"),
    ],
)
async def test_stripe_stands_at_the_port_of_the_sandbox(address: str, stripe: str) -> None:
    transport = httpx2.ASGITransport(create_app(delay=0))
    async with httpx2.AsyncClient(transport=transport, base_url=address) as client:
        found = (await client.get("/api/config")).json()["stripeUrl"]

    assert found.startswith(stripe)
    assert "None" not in found
