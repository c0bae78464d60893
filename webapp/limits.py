"""Limits: requests a minute and caller, counted in this process over a moving window."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from scriptjobs.errors import RateLimited, SetupError

SIGN_IN_PER_MINUTE = 10


class Limits:
    """`setting` is `create=10,details=60,…`, or `off`."""

    def __init__(self, setting: str) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._items = {"sign-in": RateLimitItemPerMinute(SIGN_IN_PER_MINUTE)}
        if setting.strip().lower() == "off":
            return
        try:
            pairs = [part.split("=") for part in setting.split(",") if part.strip()]
            self._items |= {name.strip(): RateLimitItemPerMinute(int(amount)) for name, amount in pairs}
        except ValueError as error:
            raise SetupError(f"RATE_LIMITS does not fit: {setting!r}. Write create=10,details=60 or off.") from error

    async def check(self, name: str, who: object) -> None:
        """Count one request.

        Raises:
            RateLimited: with `retryAfter` in whole seconds.
        """
        item = self._items.get(name)
        if item is None or await self._limiter.hit(item, name, str(who)):
            return
        stats = await self._limiter.get_window_stats(item, name, str(who))
        wait_s = max(1, math.ceil(stats.reset_time - time.time()))
        raise RateLimited(f"Too many requests; try again in {wait_s} s.", retryAfter=wait_s)
