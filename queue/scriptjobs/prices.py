"""Reading prices as people write them: `12.50`, `4,50`, `$1,000`, `3.50 €`, `NZ$ 8`, `1.000,50`."""

import re
from dataclasses import dataclass
from decimal import Decimal

_SIGN = r"NZD|AUD|USD|GBP|CAD|EUR|[A-Z]{0,3}[$£€¥₹]"
_NUMBER = re.compile(
    r"(?P<minus>[-−+]?)(?:"
    r"(?P<english>[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.(?P<cents>[0-9]+))?"
    r"|(?P<european>[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?P<cent>[0-9]+)"
    r"|(?P<whole>0|[1-9][0-9]*)?(?:[.,](?P<rest>[0-9]+))?)"
)
_PRICE = re.compile(
    rf"(?P<front>[-−+]?)(?P<before>{_SIGN})?\s?(?P<number>[-−+]?[0-9.,]*[0-9])\s?(?P<after>{_SIGN})?", re.IGNORECASE
)
# Somebody meant a price: a sign of money beside a digit of any script, or something like decimals at the end.
_MONEY = re.compile(r"[$£€¥₹]\s*\d|\d\s*[$£€¥₹]")
_DECIMALS = re.compile(r"(?<!\S)[-−+]?\d*[.,]\d[\d.,]*$")
_LIMIT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a price says. `amount` is exact: as many decimals as were written. `is_plain`: digits and a decimal point at
    most, so that nothing had to be understood; `has_mark`: a sign of money or decimals, so that it can be nothing else.
    """

    amount: Decimal
    is_plain: bool
    has_mark: bool


def read_price(text: str) -> Price | None:
    """The price that a text is; None when it is none, or could be two.

    A comma before three digits parts thousands; a point does so only where decimals follow behind a comma. Only the
    digits 0 to 9 count.
    """
    found = _PRICE.fullmatch(text.strip())
    if found is None or (found["before"] and found["after"]):
        return None
    number = _NUMBER.fullmatch(found["front"] + found["number"])
    if number is None:
        return None
    whole = re.sub("[,.]", "", number["english"] or number["european"] or number["whole"] or "0")
    cents = number["cents"] or number["cent"] or number["rest"]
    if number["rest"] and "," in found["number"] and len(number["rest"]) == 3:
        return None  # `1234,567` and `,500`: thousands or decimals
    minus = "-" if number["minus"] in {"-", "−"} else ""
    plain = f"{minus}{whole}" + (f".{cents}" if cents else "")
    has_sign = bool(found["before"] or found["after"])
    is_plain = not has_sign and found[0].lstrip("-").replace(".", "", 1).isdigit()
    amount = Decimal(plain)
    return Price(amount=amount if amount else abs(amount), is_plain=is_plain, has_mark=has_sign or bool(cents))


def split_price(line: str) -> tuple[str, Decimal | None]:
    """A line in two: what it names, and the price at its end; None for a line without one.

    A bare whole number at the end belongs to the name (`Pack of 6`): it is a price with a sign or with decimals only.

    Raises:
        ValueError: somebody meant a price that cannot be read; the message quotes the line.
    """
    line = " ".join(line.split())
    alone = read_price(line)
    if alone and alone.has_mark:
        raise ValueError(f"“{line[:_LIMIT]}” has a price and no name")
    # A price has three parts at most: `$ 8`, `8 €`.
    for place in [found.end() for found in re.finditer(" ", line)][-3:]:
        name, tail = line[: place - 1], line[place:]
        price = read_price(tail)
        if price is None or not price.has_mark:
            continue
        if re.search(r"(?<!\S)[0-9]{1,3}$", name) and re.match(r"[0-9]{3}(?![0-9])", tail):
            break  # `1 500 €`
        return name, price.amount
    decimals = _DECIMALS.search(line)
    if _MONEY.search(line) or (decimals and read_price(decimals[0]) is None):
        raise ValueError(f"“{line[:_LIMIT]}” has a price that cannot be read; write it at the end, as in: Large 4.50")
    return line, None
