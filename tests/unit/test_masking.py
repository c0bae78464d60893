"""What a log line must not hold is masked, whatever stands around it, and in time that grows with its length."""

import time

import pytest

from scriptjobs.masking import MASK, mask_text


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "password" * 10_000, "a@" * 20_000, "pass" * 10_000 + "=", "://" + "@" * 50_000]
)
def test_no_text_keeps_the_search_busy(text: str) -> None:
    began = time.perf_counter()
    mask_text(text)

    assert time.perf_counter() - began < 2


def test_what_stands_behind_a_secret_is_still_read() -> None:
    text = mask_text("DETAIL:  Failing row contains (1, a\nhunter2).\n[SQL: insert]\nTraceback: line 3")

    assert "hunter2" not in text
    assert text.endswith("[SQL: insert]\nTraceback: line 3")


@pytest.mark.parametrize(
    "text", ["3 passed, 1 failed", "pass the salt", "the bypass = open", "JOB_20260101_000000_0123abcd"]
)
def test_words_that_only_sound_alike_stay(text: str) -> None:
    assert MASK not in mask_text(text)
