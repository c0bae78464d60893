"""Phones and opening hours, as the portal takes them."""

import pytest

from portal_scripts.countries import international, looks_like_phone
from portal_scripts.opening_hours import DEFAULT_HOURS, Slot, split_nights
from portal_scripts.pages.new_restaurant import best_suggestion
from portal_scripts.register_restaurant import subdomain_of


@pytest.mark.parametrize(
    ("phone", "country", "whole"),
    [
        ("03 456 7890", "NZ", "+6434567890"), ("021-123-4567", "NZ", "+64211234567"), ("64 21 123 4567", "NZ", "+64211234567"),
        ("+64 (3) 456 7890", "NZ", "+6434567890"), ("3 456 7890", "NZ", "+6434567890"), ("0412 345 678", "AU", "+61412345678"),
        ("(555) 234-5678", "US", "+15552345678"), ("1 555 234 5678", "US", "+15552345678"), ("020 7946 0000", "GB", "+442079460000"),
        ("604.555.0100", "CA", "+16045550100"), ("+61 412 345 678", "NZ", "+61412345678"), ("+44 (0)20 7946 0000", "NZ", "+442079460000"),
        ("00 64 21 123 4567", "NZ", "+64211234567"), ("0011 64 21 123 4567", "AU", "+64211234567"), ("00 44 20 7946 0000", "AU", "+442079460000"),
        ("1300 123 456", "AU", "+611300123456"), ("13 12 34", "AU", "+61131234"), ("1800 123 456", "AU", "+611800123456"), ("0800 123 456", "NZ", "+64800123456"),
        ("+64 (0)21-123-4567", "NZ", "+64211234567"), ("0800 123–456", "NZ", "+64800123456"), ("(02) 9876 5432", "AU", "+61298765432"),
        ("0300 123 4567", "GB", "+443001234567"), ("+1 (555) 234-5678", "NZ", "+15552345678"),
    ],
)  # fmt: skip
def test_a_phone_gets_its_countrys_prefix_once(phone: str, country: str, whole: str) -> None:
    assert international(phone, country) == whole
    assert international(whole, country) == whole
    assert looks_like_phone(phone, country)


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "12",
        "03 456",
        "call me",
        "+64",
        "03 456 7890 ext 4",
        "0800 CALL ME",
        "+64 3 456 7890 1234 5678",
        "+999 123 4567",
        "٠٣ ٤٥٦ ٧٨٩٠",
    ],
)
def test_what_is_no_phone_is_told(phone: str) -> None:
    assert not looks_like_phone(phone, "NZ")


@pytest.mark.parametrize(
    ("slot", "split"),
    [
        (Slot("Friday", "17:00", "23:00"), [("Friday", "17:00", "23:00")]),
        (Slot("Friday", "17:00", "03:00"), [("Friday", "17:00", "23:59"), ("Saturday", "00:00", "03:00")]),
        (Slot("Sunday", "20:00", "01:30"), [("Sunday", "20:00", "23:59"), ("Monday", "00:00", "01:30")]),
        (Slot("Monday", "09:00", "00:00"), [("Monday", "09:00", "23:59")]),
    ],
)
def test_a_night_becomes_two_slots(slot: Slot, split: list[tuple[str, str, str]]) -> None:
    assert split_nights([slot]) == split


def test_several_slots_a_day_keep_their_order() -> None:
    slots = [Slot("Monday", "11:00", "14:00"), Slot("Monday", "17:00", "22:00")]

    assert split_nights(slots) == slots
    assert len(split_nights(DEFAULT_HOURS)) == 7


@pytest.mark.parametrize(
    ("name", "subdomain"),
    [("Pedro's Cantina", "pedroscantina"), ("Wok", "order-wok"), ("Café 9", "caf9"), ("寿司", "order-"), ("A&B Grill", "abgrill")],
)  # fmt: skip
def test_the_subdomain_comes_from_the_name(name: str, subdomain: str) -> None:
    assert subdomain_of(name) == subdomain


@pytest.mark.parametrize(
    ("address", "offered", "meant"),
    [
        ("2 Main Street, Perth", ["12 Main Street, Perth", "2 Main Street, Perth"], 1),
        ("2 Main Street, Perth", ["2 Main Street, Sydney", "2  MAIN street, Perth WA"], 1),
        ("2 Main Street, Perth", ["3/2 Main Street, Perth", "12 Main Street, Perth", "2 Main Streets"], None),
        ("12–14 O’Neil St., Perth", ["12-14 O'Neil St., Perth"], 0),
        ("2 Main Street", ["Loading"], None),
    ],
)
def test_an_address_is_not_a_part_of_another(address: str, offered: list[str], meant: int | None) -> None:
    assert best_suggestion(address, offered) == meant


@pytest.mark.parametrize(("phone", "whole"), [("03 456 7890", "+134567890"), ("call me", "call me"), ("", ""), ("+999 1", "+999 1")])  # fmt: skip
def test_a_number_that_is_none_of_the_country_is_not_lost(phone: str, whole: str) -> None:
    assert international(phone, "US") == whole
