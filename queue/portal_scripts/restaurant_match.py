"""Finding a restaurant by name among those of the dashboard (portal/PORTAL.md, Finding the restaurant)."""

import re
from collections import Counter
from collections.abc import Sequence

from scriptjobs.script import RestaurantAmbiguous, RestaurantNotFound

_SAME_WORD, _NEAR_WORD, _PART_OF_WORD = 10, 8, 5
_ALL_WORDS, _EXTRA_WORD, _SUBSTRING = 50, -2, 25


def find_restaurant(wanted: str, names: Sequence[str]) -> int:
    """The index of the restaurant that is meant.

    Raises:
        RestaurantNotFound: none fits (`found`: the names that were there).
        RestaurantAmbiguous: two fit equally, or the best one does not have all the words (`candidates`).
    """
    target = _normalise(wanted)
    normal = [_normalise(name) for name in names]
    exact = [index for index, name in enumerate(normal) if name == target]
    if exact:
        return _only(exact, wanted, names)
    scores = [_score(target, name) for name in normal]
    best = max((score for score, _ in scores), default=0)
    if best <= 0:
        listed = ", ".join(names) or "none at all"
        raise RestaurantNotFound(f"There is no restaurant “{wanted}” in this account. Found: {listed}.", found=[*names])
    winners = [index for index, (score, _) in enumerate(scores) if score == best]
    if len(winners) == 1 and not scores[winners[0]][1]:
        candidates = [names[winners[0]]]
        raise RestaurantAmbiguous(
            f"The nearest to “{wanted}” is “{candidates[0]}”, which is not near enough to change it.",
            candidates=candidates,
        )
    return _only(winners, wanted, names)


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for letters' case, apostrophes and white space."""
    return _normalise(one) == _normalise(other)


def _only(winners: list[int], wanted: str, names: Sequence[str]) -> int:
    if len(winners) > 1:
        candidates = [names[index] for index in winners]
        raise RestaurantAmbiguous(
            f"Several restaurants fit “{wanted}” equally: {', '.join(candidates)}.", candidates=candidates
        )
    return winners[0]


def _normalise(name: str) -> str:
    return " ".join(re.sub(r"['’‘`]", "", name).casefold().split())


def _score(target: str, name: str) -> tuple[int, bool]:
    """The score of a name, and whether every searched word matched in some way."""
    words = [word for word in target.split() if len(word) > 1]
    there = name.split()
    points = [_word_score(word, there) for word in words]
    total = sum(points)
    has_all = bool(points) and all(points)
    if has_all:
        total += _ALL_WORDS
    if total > 0:
        total += _EXTRA_WORD * max(0, len(there) - len(words))
    if total <= 0 and target in name:
        return _SUBSTRING, True
    return total, has_all


def _word_score(word: str, there: Sequence[str]) -> int:
    if word in there:
        return _SAME_WORD
    if any(_is_near(word, other) for other in there):
        return _NEAR_WORD
    if any(word in other or other in word for other in there):
        return _PART_OF_WORD
    return 0


def _is_near(one: str, other: str) -> bool:
    """Lengths differ by at most 2 and all but one letter are shared, in any order (`zaikaa` and `ziakaa`)."""
    shared = (Counter(one) & Counter(other)).total()
    return abs(len(one) - len(other)) <= 2 and shared >= min(len(one), len(other)) - 1 and shared > 1
