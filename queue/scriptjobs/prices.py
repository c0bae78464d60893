"""Prices as people write them: `12`, `12.5`, `$12.50`, `8,90 €`, `NZD 1,250`."""

import re
from dataclasses import dataclass
from decimal import Decimal

# Above this it is no price of a dish, but a column that was mistaken for the price.
TOO_DEAR = Decimal(10_000)
LONGEST = 60
_CURRENCY = r"(?:NZD|AUD|USD|GBP|CAD|EUR|[A-Z]{0,3}[$£€])"
_PRICE = re.compile(rf"(?P<before>{_CURRENCY})?\s*(?P<number>-?[0-9][0-9.,]*|-?[.,][0-9]+)\s*(?P<after>{_CURRENCY})?")
# 1,250 and 1,250.00 and 1.250,00: groups of three with the other sign for decimals.
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|-?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*")
_PLAIN = re.compile(r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)")


@dataclass(frozen=True, slots=True)
class Price:
    """A price, and whether it was written as a plain number with a decimal point."""

    amount: Decimal
    is_plain: bool
    has_currency: bool

    @property
    def text(self) -> str:
        """With two decimals and without a currency."""
        return f"{self.amount:.2f}"


def read_price(written: str) -> Price:
    """The price that a text is. Nothing is rounded.

    Raises:
        ValueError: it is none; the words say what is wrong, going on from the text itself: “12.999” → “has …”.
    """
    found = _PRICE.fullmatch(written.strip()) if len(written) <= LONGEST else None
    if found is None or (found["before"] and found["after"]):
        raise ValueError("is not a price")
    number = found["number"]
    if _GROUPED.fullmatch(number):
        decimal_sign = max(",.", key=number.rfind) if "," in number and "." in number else "."
    elif _PLAIN.fullmatch(number):
        decimal_sign = "," if "," in number else "."
    else:
        raise ValueError("is not a price")
    grouping = "." if decimal_sign == "," else ","
    amount = Decimal(number.replace(grouping, "").replace(decimal_sign, "."))
    if number.startswith("-") or amount >= TOO_DEAR:
        raise ValueError("is not the price of a dish")
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("has more than two decimals")
    has_currency = bool(found["before"] or found["after"])
    return Price(amount, is_plain=not has_currency and "," not in number, has_currency=has_currency)
