"""Menu files as people make them: what is read, what is refused, and where the fault is said to be."""

import csv
import io
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    content = sheet('Menu,"Kids, & more","Fish, ""fresh""",$9', "Menu,Mains,Dāl,12", head=HEAD.upper())
    copy = read_menu(b"\xef\xbb\xbf" + content).as_csv()

    assert copy.startswith(HEAD.encode())
    assert read_menu(copy).problems == []
    assert read_menu(copy).rows == read_menu(content).rows


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 1: the file is empty"), (b",,,,\n", "line 1: the file is empty"), (b'""\n', "line 1: the file is empty"), (b"sep=;\n", "line 1: the file is empty"), (b" , \n\n", "line 1: the file is empty"),
        (sheet("Menu,Mains,\u200b,1"), "line 2, column dishName: is empty"), (sheet('Menu,Mains,"a\nb",1'), "line 2, column dishName: holds a line break or another character that is not text"), (sheet("Menu,Mains,a\x07,1"), "line 2, column dishName: holds a line break or another character that is not text"),
        (sheet(), "line 2: there is no row below the header"),
        (HEAD.encode("utf-16"), "line 1: the file is UTF-16; save it as “CSV UTF-8”"),
        (sheet("Menu,Mains,Dal,1") + "\nMenu,Mains,Café,2".encode("latin-1"), "line 3: this is not UTF-8; in Windows-1252 it would read “Menu,Mains,Café,2”. Save the file as “CSV UTF-8”"),
        (sheet("Menu,Mains,Dal,1", head="menuName,categoryName,name,dishPrice"), "line 1, column dishName: this column is missing"),
        (sheet("Menu,Mains,Dal,1,x", head=f"{HEAD},dishName"), "line 1, column dishName: this column is there twice"),
        (sheet("Menu,Mains,Dal,twelve"), "line 2, column dishPrice: “twelve” is not a price"),
        (sheet("Menu,Mains,Dal,-1"), "line 2, column dishPrice: “-1” is not the price of a dish"),
        (sheet("Menu,Mains,Dal,10000"), "line 2, column dishPrice: “10000” is not the price of a dish"),
        (sheet("Menu,Mains,Dal,1", "Menu,Mains,,1"), "line 3, column dishName: is empty"),
        (sheet("Menu,Mains,Fish, chips,1"), "line 2: this row has 5 fields, the header has 4; look for a separator or a quote too many"),
        (sheet("Menu,Mains,Dal,1", 'Menu,Mains,"Fish,2', "Menu,Mains,Roti,3"), "line 3, column dishName: a quote is opened and never closed; double each quote that is part of the text"),
        (sheet('Menu,Mains,"12" pizza",20'), "line 2, column dishName: text stands beside a quoted field; double each quote that is part of the text"),
        (sheet('Menu,Mains,"Fish,1', "Menu,Mains,Roti,2", "Menu,Mains,Naan,2", 'Menu,Mains,Dal",3'), "line 2, column dishName: this field goes on for 4 lines and holds other rows; a quote is missing"),
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
        (sheet("Menu,Mains,Dal,1", "Menu,mains,dal,1"), "line 3, column dishName: “dal” is in “mains” already, on line 2"),
        (sheet("Menu,Mains,Caf�,1"), "line 2, column dishName: a character was lost earlier and is now shown as �"),
    ],
)  # fmt: skip
def test_a_warning_does_not_forbid_the_import(content: bytes, expected: str) -> None:
    menu = read_menu(content)

    assert expected in [str(problem) for problem in menu.warnings]
    menu.must_be_good()


def test_a_row_counts_from_where_it_begins() -> None:
    assert "line 4, column dishPrice: “x” is not a price" in said(
        sheet('Menu,Mains,"Fish\nand chips",1', "Menu,Mains,Dal,x")
    )


def test_windows_line_ends_and_blank_lines_are_no_rows() -> None:
    menu = read_menu(f"{HEAD}\r\n\r\nMenu,Mains,Dal,1\r\n,,,\r\n".encode())

    assert (len(menu.rows), menu.problems) == (1, [])


def test_a_fault_in_every_row_is_told_for_the_first_ones() -> None:
    menu = read_menu(sheet(*(f"Menu,Mains,Dish {number},?" for number in range(1_000))))

    assert (len(menu.problems), menu.error_count) == (PROBLEM_LIMIT, 1_000)
    with pytest.raises(BadMenu, match="And 997 more"):
        menu.must_be_good()


def test_warnings_never_hide_an_error() -> None:
    menu = read_menu(sheet(*(f"Menu,Mains,Dish {number},$1" for number in range(250)), "Menu,Mains,,1"))

    assert (menu.warning_count, len(menu.warnings)) == (250, PROBLEM_LIMIT)
    assert [str(problem) for problem in menu.errors] == ["line 252, column dishName: is empty"]


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (sheet('M,C,a,"1","x\ny"', 'M,C,b,1,"q" z', head=f"{HEAD},dishDescription"), 4, "dishDescription", "text stands beside"),
        (sheet('M,C,a,1,"x\n\ny"', 'M,C,"b\nb",1,"q', head=f"{HEAD},dishDescription"), 6, "dishDescription", "never closed"),
        (sheet("M,C,a,1", f'M,C,"{"x" * 140_000}",1'), 3, "dishName", "more than 131,072 characters"),
        (sheet("M,C,a,1", 'M,C,"' + "x,1\n" * 40_000), 3, "dishName", "perhaps a quote is never closed"),
    ],
)  # fmt: skip
def test_faults_of_quotes_are_told_apart_and_named_where_they_begin(
    content: bytes, line: int, column: str, words: str
) -> None:
    [error] = read_menu(content).errors

    assert (error.line, error.column) == (line, column)
    assert words in error.message


def test_a_description_of_many_lines_is_fine() -> None:
    text = "Fresh every day,\nwith rice, dal, naan, and pickles.\n\nAsk for the, well, special.\nEnjoy, or not,"
    menu = read_menu(sheet(f'Menu,Mains,Dal,1,"{text}"', head=f"{HEAD},dishDescription"))

    assert (menu.problems, menu.rows[0]["dishDescription"]) == ([], text)


def test_a_description_may_name_its_menu_and_hold_commas() -> None:
    menu = read_menu(sheet('Lunch,Mains,Dal,1,"Choice of:\nLunch, dinner, or both"', head=f"{HEAD},dishDescription"))

    assert menu.problems == []


@given(st.lists(st.sampled_from([*',;"\n\r\t |', "sep=", HEAD, "Menu,Mains,Dal,1", "é", "\u200b"]), max_size=12))
def test_any_file_is_read_without_an_error_of_ours(parts: list[str]) -> None:
    menu = read_menu("".join(parts).encode())

    assert menu.error_count or menu.rows


@pytest.mark.parametrize("rows", [["Roti,2"], ["Roti,2", "Naan,3"]])
def test_a_field_that_has_swallowed_rows_is_told_even_when_it_is_only_one(rows: list[str]) -> None:
    swallowed = "\n".join(f"Menu,Mains,{row}" for row in rows)
    menu = read_menu(f'{HEAD}\nMenu,Mains,"Fish,1\n{swallowed}\nMenu,Mains,Dal",3'.encode())

    assert "holds other rows" in str(menu.errors[0])


def test_a_column_that_was_taken_for_the_menu_is_warned_of() -> None:
    mistaken = read_menu(sheet(*(f"Dish {n},Mains,Dal {n},1" for n in range(17))))
    usual = read_menu(sheet(*(f"Menu {n % 2},Mains,Dish {n},1" for n in range(17))))

    assert "the file has 17 menus for 17 dishes" in str(mistaken.warnings[0])
    assert (usual.warnings, usual.menus) == ([], {"Menu 0": 9, "Menu 1": 8})


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_another_separator_is_read_and_told(sign: str, name: str) -> None:
    row = sign.join(["Menu", "Mains", "Rice, dal", "8,90"])
    plain = read_menu(sheet(row, head=HEAD.replace(",", sign)))
    declared = read_menu(sheet(HEAD.replace(",", sign), row, head=f"sep={sign}"))

    assert plain.rows[0]["dishName"] == "Rice, dal"
    assert [str(problem) for problem in plain.warnings] == [
        f"line 1: the fields are separated by {name}", "line 2, column dishPrice: “8,90” is read as 8.90",
    ]  # fmt: skip
    assert (declared.rows, declared.warnings[0].line) == (plain.rows, 2)


def test_the_same_dish_in_two_menus_is_no_duplicate() -> None:
    rows = [f"{menu},Mains,{dish},1" for menu in ("Lunch", "Dinner") for dish in ("Dal", "Roti", "Naan")]

    assert read_menu(sheet(*rows)).problems == []


@pytest.mark.parametrize("content", [
    b"x\n" * 5 * 1024**2, HEAD.encode() + b"\n" + b"x\n" * 5 * 1024**2, b"," * LIMIT_BYTES, b"\n" * LIMIT_BYTES,
    HEAD.encode() + b"\n" * LIMIT_BYTES, HEAD.encode() + b"\n" + b'"\n",' * 2_600_000, b'"' * LIMIT_BYTES,
    HEAD.encode() + b"\n" + b'"\n' * 5_000_000, HEAD.encode() + b"\n" + b"M,C,d,1\n" * 1_300_000,
    HEAD.encode() + b"\n" + b"M,C,\xff,1\n" * 1_100_000, HEAD.encode() + b"\n" + b"M,C,d,\0\n" * 1_300_000,
    HEAD.encode() + b"\n" + b'M,C,"' + b"a\nM,C,d\n" * 1_100_000,
    HEAD.encode() + b"\n" + b"".join(b"m%d,C,d%d,$1\n" % (n, n) for n in range(19_999)),
])  # fmt: skip
def test_any_ten_mebibytes_are_read_within_two_seconds_and_200_mib(content: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()
    menu = read_menu(content[:LIMIT_BYTES])
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert menu.problems
    assert len(menu.problems) <= 2 * PROBLEM_LIMIT + 1
    assert peak < 200 * 1024**2
    assert took < 4  # tracing doubles it


def test_five_thousand_dishes_are_read_within_a_second() -> None:
    text = io.StringIO()
    csv.writer(text).writerows(
        [HEAD.split(","), *(["Menu", f"Category {n // 50}", f"Dish {n}", "$12.50"] for n in range(5_000))]
    )
    began = time.monotonic()

    menu = read_menu(text.getvalue().encode())

    assert len(menu.rows) == 5_000
    assert time.monotonic() - began < 1
