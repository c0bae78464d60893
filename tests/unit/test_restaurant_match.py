"""Which restaurant is meant: the one of that name, and never another that is merely near."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_scripts.restaurant_match import find_restaurant
from scriptjobs.names import fold_name
from scriptjobs.script import RestaurantAmbiguous, RestaurantNotFound

NAMES = ["Indian Zaikaa", "Pedro's Cantina", "Base Pizza", "Base Pizza Riverside", "Curry Garden", "Curry House"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("indian  ZAIKAA", "Indian Zaikaa"), ("Pedros Cantina", "Pedro's Cantina"), ("Pedro’s\u00a0Cantina", "Pedro's Cantina"),
        ("base pizza", "Base Pizza"), ("Base Pizza Riverside", "Base Pizza Riverside"), ("garden curry", "Curry Garden"),
        ("riverside", "Base Pizza Riverside"), ("Curry\u200b Garden", "Curry Garden"), ("base", "Base Pizza"),
    ],
)  # fmt: skip
def test_the_right_restaurant_is_found(wanted: str, found: str) -> None:
    assert NAMES[find_restaurant(wanted, NAMES)] == found


@pytest.mark.parametrize(
    ("wanted", "names", "candidates"),
    [
        ("curry", NAMES, ["Curry Garden", "Curry House"]),
        ("pizza place", NAMES, ["Base Pizza"]),
        ("indian ziakaa", NAMES, ["Indian Zaikaa"]),  # near, which is good enough to suggest
        ("Base Pizza Sout", ["Base Pizza South"], ["Base Pizza South"]),
        ("Pizza Hut 1", ["Pizza Hut 2", "Curry House"], ["Pizza Hut 2"]),
        ("Pizza Hut", ["Pizza Hut 1", "Pizza Hut 2"], ["Pizza Hut 1", "Pizza Hut 2"]),
        ("Wok 12", ["Wok 112"], ["Wok 112"]),
        ("Pizza A", ["Pizza B"], ["Pizza B"]),
        ("Pizza A", ["Pizza Bar"], ["Pizza Bar"]),  # a letter is in nearly every word
        ("Pizza House", ["Pizza Warehouse"], ["Pizza Warehouse"]),  # so is a word in another one
        ("1", ["Hut 12"], ["Hut 12"]),
        ("Joe's", ["Joe’s", "JOE's "], ["Joe’s", "JOE's "]),
    ],
)
def test_a_weak_or_equal_match_is_suggested_and_not_taken(wanted: str, names: list[str], candidates: list[str]) -> None:
    with pytest.raises(RestaurantAmbiguous) as raised:
        find_restaurant(wanted, names)

    assert raised.value.details["candidates"] == candidates
    assert all(name in raised.value.message for name in candidates)


@pytest.mark.parametrize("wanted", ["寿司", "寿司本店前", "本店", "東京寿司"])
def test_a_name_without_spaces_fits_as_a_whole_or_not_at_all(wanted: str) -> None:
    with pytest.raises(RestaurantNotFound):
        find_restaurant(wanted, ["寿司本店", "ครัวไทย"])

    assert find_restaurant("寿司本店", ["寿司本店前", "寿司本店"]) == 1


def test_nothing_alike_lists_what_was_there() -> None:
    with pytest.raises(RestaurantNotFound) as raised:
        find_restaurant("Sushi", NAMES)

    assert raised.value.details["found"] == NAMES
    assert json.dumps(raised.value.details)


def test_an_exact_match_wins_over_one_that_is_spelt_without_its_apostrophe() -> None:
    names = ["Joes Diner", "Joe's Diner"]

    assert [names[find_restaurant(name, names)] for name in ("JOES diner", "joe’s Diner")] == names


@given(
    st.lists(
        st.sampled_from(
            ["Hut", "Bar", "1", "2", "12", "A", "B", "Pizza", "Pizzas", "Zaikaa", "Ziakaa", "寿司", "Joe's", "Joes"]
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=200, deadline=None)
def test_only_a_restaurant_with_every_word_as_a_whole_is_taken(words: list[str]) -> None:
    names = ["Hut Bar 1", "Pizzas 12", "Zaikaa Hut", "寿司本店", "Joe's Bar A"]

    try:
        found = fold_name(names[find_restaurant(" ".join(words), names)]).replace("'", "").split()
    except (RestaurantAmbiguous, RestaurantNotFound):
        return
    assert {fold_name(word).replace("'", "") for word in words} <= set(found)
