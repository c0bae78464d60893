"""Known browsers: a signed cookie says who has signed in with this browser before. It lets nobody in."""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "script_jobs_browser"
VALID_S = 90 * 24 * 3_600


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser that the person has signed in with."""

    user_id: str
    id: str


class KnownBrowsers:
    """Remembers browsers and knows them again."""

    def __init__(self, key: str, *, is_secure: bool) -> None:
        self._cookies = URLSafeTimedSerializer(key, salt="browser")
        self._is_secure = is_secure
        self._name = f"__Host-{COOKIE}" if is_secure else COOKIE

    def find(self, request: Request) -> KnownBrowser | None:
        """Whose browser this is, or None."""
        try:
            found: Any = self._cookies.loads(request.cookies.get(self._name, ""), max_age=VALID_S)
            return KnownBrowser(*map(str, found))
        except (BadSignature, ValueError, TypeError):
            return None

    def remember(self, response: Response, user_id: UUID) -> None:
        """Know this browser again as this person's."""
        value = str(self._cookies.dumps([str(user_id), secrets.token_hex(8)]))
        response.set_cookie(
            self._name, value, max_age=VALID_S, httponly=True, samesite="lax", secure=self._is_secure
        )  # fmt: skip
