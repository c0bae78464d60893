"""Finding a restaurant by name among those of the dashboard.

Acting on the wrong restaurant costs somebody a menu, so what is merely near is suggested and never taken.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scriptjobs.names import fold_name, without_apostrophes
from scriptjobs.script import RestaurantAmbiguous, RestaurantNotFound

_SAME_WORD, _NEAR_WORD, _PART_OF_WORD = 10, 8, 5
_ALL_WORDS, _EXTRA_WORD, _SUBSTRING = 50, -2, 25
# Written without spaces, so that a part of a name is no word: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
_UNSPACED = (
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3005", "\u3007"), ("\u3040", "\u30ff"),
    ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Score:
    """How well a name fits; `is_sure`: every searched word is in it as a whole, so that a script may act on it."""

    points: int
    is_sure: bool = False


def find_restaurant(wanted: str, names: Sequence[str]) -> int:
    """The index of the restaurant that is meant.

    Raises:
        RestaurantNotFound: none fits (`found`: the names that were there).
        RestaurantAmbiguous: several fit equally, or the best one is only near (`candidates`).
    """
    target = fold_name(wanted)
    folded = [fold_name(name) for name in names]
    if exact := [index for index, name in enumerate(folded) if name == target]:
        return _only(exact, wanted, names)
    scores = [_score(target, name) for name in folded]
    best = max((score.points for score in scores), default=0)
    if best <= 0:
        listed = ", ".join(names) or "none at all"
        raise RestaurantNotFound(f"There is no restaurant “{wanted}” in this account. Found: {listed}.", found=[*names])
    winners = [index for index, score in enumerate(scores) if score.points == best]
    if len(winners) == 1 and not scores[winners[0]].is_sure:
        name = names[winners[0]]
        raise RestaurantAmbiguous(
            f"There is no restaurant “{wanted}” in this account. Did you mean “{name}”? Then use that name.",
            candidates=[name],
        )
    return _only(winners, wanted, names)


def _only(winners: list[int], wanted: str, names: Sequence[str]) -> int:
    if len(winners) > 1:
        candidates = [names[index] for index in winners]
        raise RestaurantAmbiguous(
            f"Several restaurants fit “{wanted}” equally: {', '.join(candidates)}. Give the whole name.",
            candidates=candidates,
        )
    return winners[0]


def _score(target: str, name: str) -> _Score:
    if _is_unspaced(target):
        return _Score(points=0)
    words, there = _words(target), _words(name)
    points = [_word_score(word, there) for word in words]
    total = sum(points)
    if total <= 0:
        return _Score(points=_SUBSTRING if target and target in name else 0)
    total += _ALL_WORDS * all(points)
    total += _EXTRA_WORD * max(0, len(there) - len(words))
    return _Score(points=total, is_sure=all(point == _SAME_WORD for point in points))


def _words(folded: str) -> list[str]:
    """The words of a name; “Pedros” and “Pedro's” are the same word here."""
    return without_apostrophes(folded).split()


def _word_score(word: str, there: Sequence[str]) -> int:
    if word in there:
        return _SAME_WORD
    # “Hut 1” and “Hut 2” are two restaurants, so a word with a digit fits as a whole only; a single letter is in
    # nearly every word.
    parts = [other for other in there if _has_parts(other)] if _has_parts(word) else []
    if any(_is_near(word, other) for other in parts):
        return _NEAR_WORD
    if any(word in other or other in word for other in parts):
        return _PART_OF_WORD
    return 0


def _has_parts(word: str) -> bool:
    return len(word) > 1 and not any(char.isdigit() for char in word) and not _is_unspaced(word)


def _is_near(one: str, other: str) -> bool:
    """Lengths differ by at most 2 and all but one letter are shared, in any order (`zaikaa` and `ziakaa`)."""
    shared = (Counter(one) & Counter(other)).total()
    return abs(len(one) - len(other)) <= 2 and shared >= min(len(one), len(other)) - 1 and shared > 1


def _is_unspaced(name: str) -> bool:
    return any(low <= char <= high for char in name for low, high in _UNSPACED)
