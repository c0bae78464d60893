"""Site: everything that requests need, opened by the lifespan and found through the request."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from scriptjobs.access import Access
from scriptjobs.people import People
from scriptjobs.service import ScriptJobService
from scriptjobs.settings import Settings
from webapp.auth.browsers import KnownBrowsers
from webapp.auth.guesses import Guesses
from webapp.auth.sessions import Sessions
from webapp.auth.tokens import Tokens
from webapp.limits import Limits
from webapp.streams import StreamSlots
from webapp.wakeups import Wakeups


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The opened parts. `stopping` is set when the process was told to end."""

    settings: Settings
    service: ScriptJobService
    people: People
    access: Access
    tokens: Tokens
    sessions: Sessions
    browsers: KnownBrowsers
    guesses: Guesses
    limits: Limits
    wakeups: Wakeups
    streams: StreamSlots
    stopping: asyncio.Event


def site_of(request: Request) -> Site:
    """The site that serves this request."""
    return request.app.state.site
