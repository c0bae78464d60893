"""What differs by country: search texts, currency, tax, and phone numbers."""

import re
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


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
# Letters would be read as those on a telephone's keys, and `ext 4` cannot be called from an order.
_LONG = 8
_WRITTEN = re.compile(r"[+＋]?[0-9\s()./\u2010-\u2015-]+")


def international(phone: str, country: str) -> str:
    """The number with its country's prefix and without blanks.

    One that numbers of the country do not look like gets the prefix all the same; what is no number at all stays.
    """
    if number := _parse(phone, country):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    digits = re.sub(r"[\s()./-]", "", phone)
    return COUNTRIES[country].prefix + digits.removeprefix("0") if re.fullmatch("[0-9]+", digits) else phone.strip()


def looks_like_phone(phone: str, country: str) -> bool:
    """Whether it can be a number of the country, or of another one by its prefix."""
    return _parse(phone, country) is not None


def _parse(phone: str, country: str) -> phonenumbers.PhoneNumber | None:
    """The number; None when it has letters, or more or fewer digits than numbers of its country have."""
    if not _WRITTEN.fullmatch(phone.strip()):
        return None
    try:
        number = phonenumbers.parse(phone, country)
        # `00` before a country's prefix, from wherever: no country here has local numbers that begin so.
        if not phonenumbers.is_possible_number(number) and re.match(r"\s*\(?00", phone):
            number = phonenumbers.parse("+" + re.sub(r"[^0-9]", "", phone).removeprefix("00"), None)
    except NumberParseException:
        return None
    # The library does not know every number that is in use, so a new one passes by its length.
    is_long = len(str(number.national_number)) >= _LONG and phonenumbers.is_possible_number(number)
    return number if is_long or phonenumbers.is_valid_number(number) else None
