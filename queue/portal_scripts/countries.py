"""What differs by country: portal/PORTAL.md, Values by country, and portal/FACTS.md, Appendix B."""

import re
from typing import NamedTuple


class Country(NamedTuple):
    """Search texts of the portal's lists, the prefix of its phone numbers, and its tax (`rate` in percent)."""

    locale: str
    city: str
    currency: str
    prefix: str
    tax: str
    rate: int


COUNTRIES = {
    "NZ": Country("New Zealand", "Auckland", "NZD", "+64", "GST", 15),
    "AU": Country("Australia", "Sydney", "AUD", "+61", "GST", 10),
    "US": Country("United States", "New York", "USD", "+1", "Tax", 0),
    "GB": Country("United Kingdom", "London", "GBP", "+44", "VAT", 20),
    "CA": Country("Canada", "Toronto", "CAD", "+1", "GST", 5),
}
_LOCAL = {
    "NZ": re.compile(r"[2-9]\d{7,9}"), "AU": re.compile(r"[2-9]\d{8}"), "US": re.compile(r"[2-9]\d{9}"),
    "GB": re.compile(r"[1-9]\d{9,10}"), "CA": re.compile(r"[2-9]\d{9}"),
}  # fmt: skip


def international(phone: str, country: str) -> str:
    """The number with its country's prefix and without blanks; one with another prefix is kept."""
    digits = re.sub(r"[\s()./-]", "", phone)
    prefix = COUNTRIES[country].prefix
    if not digits or digits.startswith("+"):
        return digits
    if digits.startswith("0"):
        return prefix + digits[1:]
    # The prefix without its plus; in a country of ten-digit numbers only when the number is longer.
    if digits.startswith(prefix[1:]) and not _LOCAL[country].fullmatch(digits):
        return f"+{digits}"
    return prefix + digits


def looks_like_phone(phone: str, country: str) -> bool:
    """Whether it can be a number of the country, or of another one by its prefix."""
    whole = international(phone, country)
    prefix = COUNTRIES[country].prefix
    if whole.startswith(prefix):
        return bool(_LOCAL[country].fullmatch(whole[len(prefix) :]))
    return bool(re.fullmatch(r"\+\d{8,15}", whole))
