"""Menu files as people make them: what is read, what is refused, and where the fault is said to be."""

import csv
import io
import time

import pytest

from scriptjobs.menu_csv import LIMIT_BYTES, PROBLEM_LIMIT, BadMenu, read_menu

HEAD = "menuName,categoryName,dishName,dishPrice"


def sheet(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def said(content: bytes) -> list[str]:
    return [str(problem) for problem in read_menu(content).problems]


def test_a_good_file_is_read_whole() -> None:
    menu = read_menu(sheet("Menu,Mains,Dal,12.5", 'Menu,Mains,"Fish, ""fresh""",9', "Menu,Breads,Roti,3.00"))

    assert menu.problems == []
    assert menu.categories == {"Mains": 2, "Breads": 1}
    assert [(row["dishName"], row["dishPrice"]) for row in menu.rows] == [
        ("Dal", "12.50"),
        ('Fish, "fresh"', "9.00"),
        ("Roti", "3.00"),
    ]


def test_the_clean_copy_is_the_same_menu() -> None:
    content = sheet('Menu,"Kids\n& more","Fish, ""fresh""",$9', "Menu,Mains,Dāl,12", head=HEAD.upper())
    copy = read_menu(b"\xef\xbb\xbf" + content).as_csv()

    assert copy.startswith(HEAD.encode())
    assert read_menu(copy).problems == []
    assert read_menu(copy).rows == read_menu(content).rows


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 1: the file is empty"),
        (sheet(), "line 2: there is no row below the header"),
        (HEAD.encode("utf-16"), "line 1: the file is UTF-16; save it as “CSV UTF-8”"),
        (sheet("Menu,Mains,Dal,1") + "\nMenu,Mains,Café,2".encode("latin-1"), "line 3: this is not UTF-8; in Windows-1252 it would read “Menu,Mains,Café,2”. Save the file as “CSV UTF-8”"),
        (sheet("Menu,Mains,Dal,1", head="menuName,categoryName,name,dishPrice"), "line 1, column dishName: this column is missing"),
        (sheet("Menu,Mains,Dal,1,x", head=f"{HEAD},dishName"), "line 1, column dishName: this column stands there twice"),
        (sheet("Menu,Mains,Dal,twelve"), "line 2, column dishPrice: “twelve” is no price"),
        (sheet("Menu,Mains,Dal,-1"), "line 2, column dishPrice: -1 is no price of a dish"),
        (sheet("Menu,Mains,Dal,10000"), "line 2, column dishPrice: 10000 is no price of a dish"),
        (sheet("Menu,Mains,Dal,1", "Menu,Mains,,1"), "line 3, column dishName: is empty"),
        (sheet("Menu,Mains,Fish, chips,1"), "line 2: this row has 5 fields, the header 4; look for a comma or a quote too many"),
        (sheet("Menu,Mains,Dal,1", 'Menu,Mains,"Fish,2', "Menu,Mains,Roti,3"), "line 3: a quote is opened and never closed; double each quote that is part of the text"),
        (sheet('Menu,Mains,"12" pizza",20'), "line 2: text stands beside a quoted field; double each quote that is part of the text"),
        (sheet('Menu,Mains,"Fish,1', "Menu,Mains,Roti,2", "Menu,Mains,Naan,2", 'Menu,Mains,Dal",3'), "line 2, column dishName: this field goes on for 4 lines, so a broken quote has swallowed rows"),
        (b"x" * (LIMIT_BYTES + 1), "line 1: the file is larger than 10 MiB"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line_and_column(content: bytes, expected: str) -> None:
    assert expected in said(content)
    with pytest.raises(BadMenu) as raised:
        read_menu(content).must_be_good()
    assert raised.value.code == "VALIDATION_ERROR"
    assert expected in raised.value.details["problems"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf" + sheet("Menu,Mains,Dal,1"), "line 1: a byte order mark at the beginning was left out"),
        (sheet("Menu,Mains,Dal,1,x", head=f"{HEAD},colour"), "line 1, column colour: the portal does not know this column"),
        (sheet("Menu,Mains,Dal,"), "line 2, column dishPrice: is empty; the dish will cost 0.00"),
        (sheet("Menu,Mains,Dal,NZ$ 12.5"), "line 2, column dishPrice: “NZ$ 12.5” is read as 12.50"),
        (sheet('Menu,Mains,Dal,"12,50"'), "line 2, column dishPrice: “12,50” is read as 12.50"),
        (sheet('Menu,Mains,Feast,"1,250"'), "line 2, column dishPrice: “1,250” is read as 1250.00"),
        (sheet("Menu,Mains,Dal,1", "Menu,mains,dal,1"), "line 3, column dishName: “dal” stands in “mains” on line 2 already"),
        (sheet("Menu,Mains,Caf�,1"), "line 2, column dishName: a character was lost before, and stands there as �"),
    ],
)  # fmt: skip
def test_a_warning_does_not_forbid_the_import(content: bytes, expected: str) -> None:
    menu = read_menu(content)

    assert expected in [str(problem) for problem in menu.warnings]
    menu.must_be_good()


def test_a_row_counts_from_where_it_begins() -> None:
    assert "line 4, column dishPrice: “x” is no price" in said(
        sheet('Menu,Mains,"Fish\nand chips",1', "Menu,Mains,Dal,x")
    )


def test_windows_line_ends_and_blank_lines_are_no_rows() -> None:
    menu = read_menu(f"{HEAD}\r\n\r\nMenu,Mains,Dal,1\r\n,,,\r\n".encode())

    assert (len(menu.rows), menu.problems) == (1, [])


def test_a_fault_in_every_row_is_told_for_the_first_ones() -> None:
    menu = read_menu(sheet(*(f"Menu,Mains,Dish {number},?" for number in range(1_000))))

    assert len(menu.problems) == PROBLEM_LIMIT


def test_five_thousand_dishes_are_read_within_a_second() -> None:
    text = io.StringIO()
    csv.writer(text).writerows(
        [HEAD.split(","), *(["Menu", f"Category {n // 50}", f"Dish {n}", "$12.50"] for n in range(5_000))]
    )
    began = time.monotonic()

    menu = read_menu(text.getvalue().encode())

    assert len(menu.rows) == 5_000
    assert time.monotonic() - began < 1
