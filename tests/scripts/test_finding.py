"""What is found on a page by its name, in a real browser."""

from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import Browser, Page

from portal_scripts.pages.finding import card_of, named, with_name

pytestmark = pytest.mark.anyio


@pytest.fixture
async def page(chromium: Browser) -> AsyncGenerator[Page]:
    made = await chromium.new_page()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("cards", "found"),
    [
        (["PayPal", "Stripe"], 1), (["STRIPE payments", "PayPal"], 0), (["PayPal", "Square"], None), (["<img alt=''>", "PayPal"], 0),
        (["<b>Stripe</b>", "Stripe Terminal"], 0), (["PayPal", "Stripe", "Stripe Terminal"], None), ([], None),
    ],
)  # fmt: skip
async def test_a_card_is_never_another_offers(page: Page, cards: list[str], found: int | None) -> None:
    await page.set_content("".join(f"<p data-number={number}>{card}</p>" for number, card in enumerate(cards)))

    card = await card_of(page.locator("p"), "Stripe", 1)

    assert (card and int(await card.get_attribute("data-number") or "")) == found


async def test_an_entry_is_found_by_a_text_of_its_own_as_the_page_shows_it(page: Page) -> None:
    entries = [
        "Spicy Dish",
        "<b>Spicy</b> <i>5 items</i>",
        "<b>spicy\n  </b>",
        "<b>Chef’s&nbsp;choice</b>",
        "<b>Chef's</b> choice",
    ]
    await page.set_content("".join(f"<p>{entry}</p>" for entry in entries))

    assert len(await with_name(page.locator("p"), "Spicy")) == 2
    assert len(await named(page.locator("p"), "chef's choice")) == 2
    assert await named(page.locator("p"), "Dish") == []
