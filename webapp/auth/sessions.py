"""Browser sessions in a signed cookie, and the token that each form carries against forged posts."""

import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.errors import Forbidden

COOKIE = "script_jobs_session"
VALID_S = 12 * 3_600


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in with this browser. `form_token` stands in every form that we draw."""

    user_id: UUID
    form_token: str


class Sessions:
    """Makes and reads session cookies. A session ends after 12 hours or with the key."""

    def __init__(self, key: str, *, is_secure: bool) -> None:
        self._cookies = URLSafeTimedSerializer(key, salt="session")
        self._forms = URLSafeSerializer(key, salt="form")
        self._is_secure = is_secure

    def read(self, request: Request) -> Session | None:
        """The session of a request, or None without a valid one."""
        try:
            user_id, nonce = self._cookies.loads(request.cookies.get(COOKIE, ""), max_age=VALID_S)
            return Session(UUID(user_id), str(self._forms.dumps(nonce)))
        except (BadSignature, ValueError, TypeError):
            return None

    def start(self, response: Response, user_id: UUID) -> None:
        """Sign this browser in."""
        value = self._cookies.dumps([str(user_id), secrets.token_hex(8)])
        response.set_cookie(COOKIE, str(value), max_age=VALID_S, httponly=True, samesite="lax", secure=self._is_secure)

    def end(self, response: Response) -> None:
        """Sign this browser out."""
        response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self._is_secure)


def check_origin(request: Request) -> None:
    """Refuse a post that another site made the browser send.

    Raises:
        Forbidden: it came from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Forbidden("This request came from another site.")
        return
    origin = request.headers.get("origin")
    if origin is not None and origin.split("://", 1)[-1] != request.headers.get("host"):
        raise Forbidden("This request came from another site.")


def check_form(session: Session, token: object) -> None:
    """Refuse a form that we did not draw for this session.

    Raises:
        Forbidden: the token is missing or another session's.
    """
    if not isinstance(token, str) or not hmac.compare_digest(token, session.form_token):
        raise Forbidden("This form is too old. Load the page again and repeat it.")
