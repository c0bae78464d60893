"""Prices as people write them: `12`, `12.5`, `$12.50`, `8,90 €`, `NZD 1,250`, alone or at the end of a line."""

import re
from dataclasses import dataclass
from decimal import Decimal

# Above this it is no price of a dish, but a column that was mistaken for the price.
TOO_DEAR = Decimal(10_000)
LONGEST = 60
_CURRENCY = r"(?:NZD|AUD|USD|GBP|CAD|EUR|[A-Z]{0,3}[$£€])"
_PRICE = re.compile(
    rf"\+?(?P<before>{_CURRENCY})?\s*(?P<number>-?[0-9][0-9.,]*|-?[.,][0-9]+)\s*(?P<after>{_CURRENCY})?", re.IGNORECASE
)
# 1,250 and 1,250.00 and 1.250,00: groups of three with the other sign for decimals.
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?|-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]*")
_PLAIN = re.compile(r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)")
# Somebody meant a price: a sign of money beside a digit of any script, something like decimals at the end, or two
# decimals anywhere that are no measure (`Coke 1.25 l`).
_SIGN = "$£€¥₩₹₱฿₫₺₽₪¢"
_MONEY = re.compile(rf"[{_SIGN}]\s*[-−+]?\s*\d|\d\s*[{_SIGN}]")
_DECIMALS = re.compile(r"(?<!\S)[-−+]?\d*[.,]\d[\d.,]*$")
_UNIT = r"(?:l|ml|cl|lit(?:er|re)s?|k?g|grams?|c?m|mm|oz|lbs?|in|inch|%|\"|″|x)"
_CENTS = re.compile(rf"(?<![\d.,])\d+[.,]\d\d(?![\d.,])(?!\s*{_UNIT}(?!\w))", re.IGNORECASE)
_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Price:
    """A price, and how it was written: `is_plain` as a number with a decimal point at most."""

    amount: Decimal
    is_plain: bool
    has_currency: bool
    has_decimals: bool = False

    @property
    def text(self) -> str:
        """With two decimals and without a currency."""
        return f"{self.amount:.2f}"

    @property
    def is_certain(self) -> bool:
        """Whether it can be nothing but a price; a bare whole number can be a part of a name."""
        return self.has_currency or self.has_decimals


def read_price(written: str) -> Price:
    """The price that a text is. Nothing is rounded, and only the digits 0 to 9 count.

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
    if -int(amount.as_tuple().exponent) > 2:  # 1.000 may be one or a thousand
        raise ValueError("has more than two decimals")
    has_currency = bool(found["before"] or found["after"])
    is_plain = not has_currency and "," not in number and "+" not in written
    return Price(amount, is_plain=is_plain, has_currency=has_currency, has_decimals=decimal_sign in number)


def split_price(line: str) -> tuple[str, Decimal | None]:
    """A line in two: what it names, and the price at its end; None for a line without one.

    A bare whole number at the end belongs to the name (`Pack of 6`): it is a price with a sign or with decimals only.

    Raises:
        ValueError: somebody meant a price that cannot be read; the message quotes the line.
    """
    line = " ".join(line.split())
    if _read(line):
        raise ValueError(f"“{line[:_QUOTED]}” has a price and no name")
    # A price has three parts at most: `$ 8`, `8 €`.
    for place in [found.end() for found in re.finditer(" ", line)][-3:]:
        name, tail = line[: place - 1], line[place:]
        price = _read(tail)
        if price is None:
            continue
        if re.search(r"(?<!\S)[$£€]?[0-9]{1,3}$", name) and re.match(r"[0-9]{3}(?![0-9])", tail):
            break  # `1 500 €`
        if _MONEY.search(name) or _CENTS.search(name):
            break  # `$4.50 / $5.50`
        return name, price.amount
    decimals = _DECIMALS.search(line)
    if _MONEY.search(line) or _CENTS.search(line) or (decimals and not _is_whole(decimals[0])):
        raise ValueError(f"“{line[:_QUOTED]}” has a price that cannot be read; write it at the end, as in: Large 4.50")
    return line, None


def _read(text: str) -> Price | None:
    """A price that can be nothing else, or None."""
    try:
        price = read_price(text)
    except ValueError:
        return None
    return price if price.is_certain else None


def _is_whole(text: str) -> bool:
    """Whether a text is a number without decimals, as in `Pack of 1,000`."""
    return bool(re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text))
