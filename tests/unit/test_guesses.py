"""Failed sign-ins: what slows a guesser down, and what never keeps a person out."""

import math

import pytest

from scriptjobs.errors import RateLimited
from webapp.auth.browsers import KnownBrowser
from webapp.auth.guesses import FAILURES_PER_ADDRESS, FREE_FAILURES, LONGEST_WAIT_S, Guesses

HOUR_S = 3_600


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(clock)


def sign_in(
    guesses: Guesses, account: str, address: str, browser: KnownBrowser | None = None, *, fits: bool = False
) -> int:
    """How many seconds to wait; 0 when the password was looked at."""
    tries = guesses.tries_from(address, browser)
    try:
        tries.begin(account)
    except RateLimited as error:
        return error.details["retryAfter"]
    tries.end(has_succeeded=fits)
    return 0


def guess_for(guesses: Guesses, clock: Clock, account: str, seconds: int) -> int:
    """How many guesses somebody gets who tries every second from an address of its own each time."""
    looked_at = 0
    for number in range(seconds):
        looked_at += not sign_in(guesses, account, f"10.0.{number // 250}.{number % 250}")
        clock.now += 1
    return looked_at


def test_one_account_is_guessed_a_few_times_an_hour_from_all_addresses_together(guesses: Guesses, clock: Clock) -> None:
    first, second = (guess_for(guesses, clock, "ana", HOUR_S) for _ in range(2))

    assert FREE_FAILURES <= first <= 15
    assert second <= math.ceil(HOUR_S / LONGEST_WAIT_S)


def test_the_wait_that_is_told_is_long_enough_and_no_longer(guesses: Guesses, clock: Clock) -> None:
    for _ in range(FREE_FAILURES):
        assert sign_in(guesses, "ana", "10.0.0.1") == 0
    wait_s = sign_in(guesses, "ana", "10.0.0.2")
    clock.now += wait_s - 1
    still = sign_in(guesses, "ana", "10.0.0.3")
    clock.now += 1

    assert (wait_s, still) == (30, 1)
    assert sign_in(guesses, "ana", "10.0.0.4") == 0


def test_a_stranger_who_guesses_without_end_does_not_lock_out_a_browser_that_is_known(
    guesses: Guesses, clock: Clock
) -> None:
    guess_for(guesses, clock, "ana", HOUR_S)
    here = KnownBrowser("ana", "her laptop")

    assert sign_in(guesses, "ana", "10.9.9.9") > 0
    assert sign_in(guesses, "ana", "10.9.9.9", here, fits=True) == 0


def test_a_known_browser_is_slowed_as_well_and_known_for_its_own_account_alone(guesses: Guesses) -> None:
    here = KnownBrowser("ana", "her laptop")
    for _ in range(FREE_FAILURES):
        sign_in(guesses, "ana", "10.0.0.1", here)
        sign_in(guesses, "bob", "10.0.0.2", here)

    assert sign_in(guesses, "ana", "10.0.0.3", here) > 0
    assert sign_in(guesses, "bob", "10.0.0.3", here) > 0


def test_any_number_of_people_sign_in_from_behind_one_address(guesses: Guesses) -> None:
    assert {sign_in(guesses, f"person {number}", "192.0.2.1", fits=True) for number in range(1_000)} == {0}


def test_one_address_guesses_a_few_times_a_minute_whatever_the_account(guesses: Guesses, clock: Clock) -> None:
    waits = [sign_in(guesses, f"person {number}", "192.0.2.1") for number in range(100)]
    clock.now += 61

    assert waits.count(0) == FAILURES_PER_ADDRESS
    assert sign_in(guesses, "another", "192.0.2.2") == 0
    assert sign_in(guesses, "one more", "192.0.2.1") == 0


def test_a_success_forgets_the_failures(guesses: Guesses) -> None:
    for _ in range(3):
        for number in range(FREE_FAILURES - 1):
            assert sign_in(guesses, "ana", f"10.0.0.{number}") == 0
        assert sign_in(guesses, "ana", "10.0.0.9", fits=True) == 0


def test_the_tables_stay_small(guesses: Guesses, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.auth.guesses.MOST_KEPT", 100)
    for number in range(1_000):
        sign_in(guesses, f"nobody {number}", f"10.1.{number // 250}.{number % 250}")
        clock.now += 1

    assert len(guesses.accounts) <= 101
    assert len(guesses.addresses) <= 101
