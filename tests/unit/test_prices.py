"""Prices as people write them, and lines with a price at the end."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scriptjobs.prices import read_price, split_price


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("12.50", "12.50"), ("4,50", "4.50"), ("$1,000", "1000.00"), ("3.50 €", "3.50"), ("€ 3,5", "3.50"), ("NZ$ 8", "8.00"), ("NZD8.00", "8.00"),
        ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), (".50", "0.50"), ("0", "0.00"), ("8 AUD", "8.00"), ("8 nzd", "8.00"), ("+$2", "2.00"),
    ],
)  # fmt: skip
def test_a_price_is_read_as_it_is_meant(text: str, read: str) -> None:
    assert read_price(text).text == read


@pytest.mark.parametrize(
    "text",
    ["", "dear", "1.000", "1.000 €", "0,500", "1.2.3", "1,23,4", "1234,567", "12.999", "$", "$4€", "４.５０", "٣", "4.50 each", "--1", "-1", "$-2", "1e5", "NaN", "1_000", "9" * 5_000],
)  # fmt: skip
def test_what_is_no_price_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|has more)"):
        read_price(text)


@pytest.mark.parametrize(
    ("line", "name", "price"),
    [
        ("Large 4,50", "Large", "4.50"), ("Extra 3.50 €", "Extra", "3.50"), ("Mega $1,000", "Mega", "1000"), ("Large 4.00", "Large", "4.00"),
        ("Pack of 6", "Pack of 6", None), ("Pack of 6 3.50 €", "Pack of 6", "3.50"), ("Pack of 1,000", "Pack of 1,000", None),
        ("Olives $1.5", "Olives", "1.5"), ("Cheese +2.00", "Cheese", "2.00"), ("Cheese + $2", "Cheese +", "2"), ("Napkins", "Napkins", None),
        ("Bonus AUD 5", "Bonus", "5"), ("  Large\u00a0 4.50 ", "Large", "4.50"), ("Half & Half 8 NZD", "Half & Half", "8"), ("7", "7", None),
        ("Coke 1.25 l", "Coke 1.25 l", None), ("Coke 1.25L 3.50", "Coke 1.25L", "3.50"), ("No. 1", "No. 1", None), ('50% "off" $(x)', '50% "off" $(x)', None), ("Version 2", "Version 2", None),
    ],
)  # fmt: skip
def test_the_price_stands_at_the_end_of_a_line(line: str, name: str, price: str | None) -> None:
    assert split_price(line) == (name, Decimal(price) if price else None)


@pytest.mark.parametrize(
    "line",
    [
        "Large $4.5.0",
        "Mega $1 000",
        "Mega 1 000 €",
        "Mega 1 500 €",
        "Large ４.５０",
        "Large $４",
        "$4.50 Large",
        "4.50",
        "Large 1234,567",
        "Large 4.50€/kg",
        "Less -1.00",
        "Large (4.50)",
        "Large(4.50)",
        "Large 4.50 each",
        "Large @4.50",
        "Large=4.50",
        "Large 4.50 (NZD)",
        "Large ¥500",
        "Large $-2",
        "Large $4.50 / $5.50",
        "Large 12.999",
    ],
)
def test_a_price_that_cannot_be_read_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="price") as raised:
        split_price(line)

    assert line in str(raised.value)


@given(st.decimals(0, 9999, places=2), st.sampled_from(["{}", "${}", "{} €", "NZ$ {}", "{} NZD"]), st.booleans())
def test_every_price_is_read_in_every_style(amount: Decimal, style: str, comma: bool) -> None:
    written = f"{amount:.2f}".replace(".", ",") if comma else f"{amount:,.2f}"

    assert read_price(style.format(written)).amount == amount


@given(st.text(max_size=30))
def test_a_line_keeps_all_its_words(line: str) -> None:
    try:
        name, price = split_price(line)
    except ValueError as error:
        assert "price" in str(error)  # noqa: PT017
        return
    assert (name == " ".join(line.split())) if price is None else line.split()[: len(name.split())] == name.split()


def test_a_long_line_is_read_quickly() -> None:
    assert split_price("a 1 " * 250_000 + "4.50")[1] == Decimal("4.50")
