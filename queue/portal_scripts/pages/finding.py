"""Finding on a page what has a name, however the name is typed there (`scriptjobs.names`)."""

from typing import TYPE_CHECKING

from scriptjobs.names import fold_name, is_same_name

if TYPE_CHECKING:
    from playwright.async_api import Locator

# The texts of what has no parts of its own, one list for each entry.
_TEXTS = """(entries) => entries.map((entry) => [entry, ...entry.querySelectorAll("*")]
  .filter((node) => !node.childElementCount).map((node) => node.textContent))"""


async def texts_in(entries: "Locator") -> list[list[str]]:
    """The single texts in each entry."""
    return await entries.evaluate_all(_TEXTS)


async def named(elements: "Locator", name: str) -> list["Locator"]:
    """The elements whose whole text is the name."""
    texts = await elements.all_text_contents()
    return [elements.nth(index) for index, text in enumerate(texts) if is_same_name(text, name)]


async def with_name(entries: "Locator", name: str) -> list["Locator"]:
    """The entries in which the name stands as a text of its own."""
    found = await texts_in(entries)
    return [entries.nth(index) for index, texts in enumerate(found) if any(is_same_name(text, name) for text in texts)]


async def card_of(cards: "Locator", word: str, position: int) -> "Locator | None":
    """The only card with the word, else the one at `position` (from 1) if it has no text that says otherwise.

    None: it is not among them. The place alone would be another offer's where this one is missing.
    """
    texts = [fold_name(text) for text in await cards.all_text_contents()]
    found = [index for index, text in enumerate(texts) if fold_name(word) in text]
    if len(found) == 1:
        return cards.nth(found[0])
    at = position - 1
    return cards.nth(at) if len(texts) > at and (at in found or not texts[at]) else None
