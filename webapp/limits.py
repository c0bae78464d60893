"""Limits: requests a minute and caller, counted in this process over a moving window."""

import math
import time
from collections.abc import Awaitable, Callable
from functools import wraps

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.errors import RateLimited, SetupError
from scriptjobs.settings import RATE_LIMITS
from scriptjobs.values import read_whole_number

MOST = 1_000_000

Endpoint = Callable[[Request], Awaitable[Response]]


def counted_as(name: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint, its requests counted for the limit of that name."""

    @wraps(endpoint)
    async def counted(request: Request) -> Response:
        request.state.limit = name
        return await endpoint(request)

    return counted


def limit_of(request: Request) -> str | None:
    """The limit that a request counts for; None when it has been counted already."""
    name = getattr(request.state, "limit", "other")
    request.state.limit = None
    return name


class Limits:
    """`setting` is `create=10,details=60,…`, or `off`. A name that it leaves out keeps its default."""

    def __init__(self, setting: str) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        is_off = setting.strip().lower() == "off"
        self._items = {} if is_off else _read(RATE_LIMITS) | _read(setting)

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


def _read(setting: str) -> dict[str, RateLimitItemPerMinute]:
    known = {part.partition("=")[0] for part in RATE_LIMITS.split(",")}
    found: dict[str, RateLimitItemPerMinute] = {}
    for part in filter(str.strip, setting.split(",")):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        try:
            if name not in known:
                raise ValueError(f"is none of: {', '.join(sorted(known))}")
            found[name] = RateLimitItemPerMinute(read_whole_number(amount, 1, MOST))
        except ValueError as error:
            raise SetupError(
                f"RATE_LIMITS does not fit: {name!r} {error}. Write create=10,details=60 or off."
            ) from error
    return found
