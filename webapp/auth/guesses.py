"""Guesses: failed sign-ins are counted by account and by address, in this process, and slow down those that follow.

An account's first failures cost nothing; from then on each one doubles the wait, up to a quarter of an hour, from all
addresses together. So that a stranger cannot lock anybody out, a browser that this person has signed in with before is
counted by itself. Failures of an address, whatever the account, are few a minute; successes never count, so any number
of people may sign in from behind one address.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from scriptjobs.errors import RateLimited
from webapp.auth.browsers import KnownBrowser

FREE_FAILURES = 5
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER_S = 24 * 3_600.0
FAILURES_PER_ADDRESS = 10
WINDOW_S = 60.0
# Each failure costs a hash, so these numbers take hours to reach.
MOST_KEPT = 50_000


@dataclass(slots=True)
class _Account:
    failures: int = 0
    last: float = 0.0

    def wait_s(self, now: float) -> float:
        if self.failures < FREE_FAILURES or now - self.last > FORGOTTEN_AFTER_S:
            return 0.0
        doublings = min(self.failures - FREE_FAILURES, 10)
        return self.last + min(FIRST_WAIT_S * 2**doublings, LONGEST_WAIT_S) - now


@dataclass(slots=True)
class _Address:
    times: deque[float] = field(default_factory=lambda: deque[float](maxlen=FAILURES_PER_ADDRESS))

    def wait_s(self, now: float) -> float:
        return self.times[0] + WINDOW_S - now if len(self.times) == FAILURES_PER_ADDRESS else 0.0


class Guesses:
    """What this process knows of failed sign-ins."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.accounts: dict[str, _Account] = {}
        self.addresses: dict[str, _Address] = {}

    def tries_from(self, address: str, browser: KnownBrowser | None) -> "SignInTries":
        """The tries of one request, from an address and perhaps from a browser that is known."""
        return SignInTries(self, address, browser)

    def forget_old(self) -> None:
        """Keep the tables small."""
        now = self.clock()
        if len(self.accounts) > MOST_KEPT:
            kept = {key: one for key, one in self.accounts.items() if now - one.last < FORGOTTEN_AFTER_S}
            self.accounts = dict(list(kept.items())[-MOST_KEPT // 2 :])
        if len(self.addresses) > MOST_KEPT:
            self.addresses = {key: one for key, one in self.addresses.items() if now - one.times[-1] < WINDOW_S}


class SignInTries:
    """The tries of one request; see `scriptjobs.people.Tries`."""

    def __init__(self, guesses: Guesses, address: str, browser: KnownBrowser | None) -> None:
        self._guesses = guesses
        self._address = address
        self._browser = browser
        self._account = ""
        self._is_known = False

    def begin(self, account: str) -> None:
        """Begin a try for this account.

        Raises:
            RateLimited: too many have failed.
        """
        self._is_known = self._browser is not None and self._browser.user_id == account
        self._account = f"browser {self._browser.id}" if self._browser and self._is_known else f"account {account}"
        now = self._guesses.clock()
        failures = self._guesses.accounts.get(self._account)
        address = None if self._is_known else self._guesses.addresses.get(self._address)
        waits = [failures.wait_s(now) if failures else 0.0, address.wait_s(now) if address else 0.0]
        wait_s = math.ceil(max(waits))
        if wait_s > 0:
            raise RateLimited(f"Too many sign-ins have failed. Try again in {wait_s} s.", retryAfter=wait_s)

    def end(self, *, has_succeeded: bool) -> None:
        """Note how the try that was begun has ended."""
        if has_succeeded:
            self._guesses.accounts.pop(self._account, None)
            return
        now = self._guesses.clock()
        account = self._guesses.accounts.setdefault(self._account, _Account())
        account.failures = account.failures + 1 if now - account.last <= FORGOTTEN_AFTER_S else 1
        account.last = now
        if not self._is_known:
            self._guesses.addresses.setdefault(self._address, _Address()).times.append(now)
        self._guesses.forget_old()
