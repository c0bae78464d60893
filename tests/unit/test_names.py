"""One comparison of names: what a person reads as the same name is the same."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scriptjobs.names import find_name, fold_name, has_control, is_same_name

APOSTROPHES = "'’‘‛`´ʼʻʹ′＇\u055a"
DASHES = "-‐‑‒–—―−﹣－⁃"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u2066\u2069\u061c\ufe0f\ufe0e\U000e0100\u034f\u180e\u3164\u115f"
BLANKS = " \t\n\r\f\v\u00a0\u2002\u2003\u2009\u200a\u202f\u205f\u3000\u2028\u2029\u1680"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gluten Free", "Gluten  Free"), ("Gluten Free", "gluten\tFREE "), ("Gluten Free", "Gluten\u00a0Free"),
        ("Pedro's Cantina", "Pedro’s Cantina"), ("Fish-Shop", "Fish–Shop"), ("Café", "Cafe\u0301"), ("STRASSE", "straße"),
        ("ﬁsh", "Fish"), ("１２３", "123"), ("Wok\u200b Bar", "Wok Bar"), ("\u202eWok", "Wok"), ("Wok\r\nBar", "wok bar"),
        ("İstanbul", "i̇stanbul"), ("寿司　本店", "寿司 本店"), ("☕️ Bar", "☕ bar"),
    ],
)  # fmt: skip
def test_the_same_name_is_the_same(one: str, other: str) -> None:
    assert is_same_name(one, other)
    assert find_name(one, ["something else", other]) == other


@pytest.mark.parametrize(
    ("one", "other"),
    [("Pizza Hut 1", "Pizza Hut 2"), ("Café", "Cafe"), ("Joe's", "Joes"), ("Fish-Shop", "Fish Shop"), ("A B", "AB"), ("ワープ", "ワ-プ")],
)  # fmt: skip
def test_another_name_is_another(one: str, other: str) -> None:
    assert not is_same_name(one, other)


@pytest.mark.parametrize("text", ["", "  ", INVISIBLE, BLANKS, "\u200b \ufeff"])
def test_a_name_that_shows_nothing_is_empty(text: str) -> None:
    assert fold_name(text) == ""


@pytest.mark.parametrize(("text", "has"), [("a\nb", True), ("a\tb", True), ("a\u2028b", True), ("a\0", True), ("a\u00a0b 😀", False)])  # fmt: skip
def test_control_characters_are_found(text: str, *, has: bool) -> None:
    assert has_control(text) is has


WORDS = st.lists(st.text("aZöß1字ンक", min_size=1), min_size=1)
BETWEEN = st.text(st.sampled_from(BLANKS), min_size=1)


@given(WORDS, st.data())
@settings(max_examples=50, deadline=None)
def test_the_way_it_is_typed_does_not_count(words: list[str], data: st.DataObject) -> None:
    def typed() -> str:
        parts = [word + data.draw(st.text(st.sampled_from(INVISIBLE), max_size=2)) for word in words]
        name = "".join(part + data.draw(BETWEEN) for part in parts)
        name += data.draw(st.sampled_from(APOSTROPHES)) + data.draw(st.sampled_from(DASHES))
        return unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD"])), name)

    assert fold_name(typed()) == fold_name(typed()) == fold_name(typed().upper())


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold_name(text)

    assert fold_name(once) == once
    assert once == " ".join(once.split())
    assert not has_control(once)


@given(st.text(), st.text())
def test_it_is_the_same_both_ways(one: str, other: str) -> None:
    assert is_same_name(one, other) is is_same_name(other, one)
    assert is_same_name(one, one)
