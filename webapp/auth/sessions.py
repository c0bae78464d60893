"""Browser sessions: a secret in a cookie, known to the database; and the token that each form carries with it."""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from scriptjobs.access import SESSION_VALID_S, Access, Entry
from scriptjobs.errors import Forbidden
from webapp.clients import address_of

COOKIE = "script_jobs_session"


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in with this browser. `form_token` stands in every form that we draw."""

    entry: Entry
    form_token: str


class Sessions:
    """Starts, reads and ends the session of a browser. It ends at sign-out, by command, or after 12 hours."""

    def __init__(self, access: Access, *, is_secure: bool) -> None:
        self._access = access
        self._is_secure = is_secure
        # A browser takes a cookie of such a name only over HTTPS and from this host itself.
        self._name = f"__Host-{COOKIE}" if is_secure else COOKIE

    async def read(self, request: Request) -> Session | None:
        """The session of a request, or None without a valid one. Asks the database: once a request is enough."""
        secret = request.cookies.get(self._name, "")
        entry = await self._access.enter_by_session(secret) if secret else None
        return Session(entry, _form_token(secret)) if entry else None

    async def start(self, request: Request, response: Response, user_id: UUID) -> None:
        """Sign this browser in; the session that it had before ends."""
        await self._end_old(request)
        secret = await self._access.start_session(
            user_id, user_agent=request.headers.get("user-agent", ""), address=address_of(request)
        )
        response.set_cookie(
            self._name, secret, max_age=SESSION_VALID_S, httponly=True, samesite="lax", secure=self._is_secure
        )

    async def end(self, request: Request, response: Response) -> None:
        """Sign this browser out. A copy of its cookie is worth nothing from now on."""
        await self._end_old(request)
        response.delete_cookie(self._name, httponly=True, samesite="lax", secure=self._is_secure)

    async def _end_old(self, request: Request) -> None:
        if secret := request.cookies.get(self._name):
            await self._access.end_session_of(secret)


def _form_token(secret: str) -> str:
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()


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
    if not isinstance(token, str) or not hmac.compare_digest(
        token.encode("utf-8", "surrogateescape"), session.form_token.encode()
    ):
        raise Forbidden("This form is too old. Load the page again and repeat it.")
