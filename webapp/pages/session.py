"""What every page does first: who is it, and is a posted form ours?"""

from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse

from scriptjobs.errors import BadRequest, Unauthorized
from scriptjobs.service import Caller
from webapp.auth.sessions import Session, check_form, check_origin
from webapp.caller import get_caller
from webapp.website import site_of

MAX_FIELDS = 2_000
PART_LIMIT_BYTES = 512 * 1024


async def enter(request: Request) -> tuple[Caller, Session]:
    """The caller and session of a page.

    Raises:
        Unauthorized: nobody is signed in.
    """
    session = site_of(request).sessions.read(request)
    if session is None:
        raise Unauthorized
    return await get_caller(request), session


async def read_posted(request: Request) -> FormData:
    """A posted form, from our own pages only.

    Raises:
        Forbidden: from another site.
        BadRequest: PAYLOAD_TOO_LARGE.
    """
    check_origin(request)
    if int(request.headers.get("content-length") or 0) > PART_LIMIT_BYTES:
        raise BadRequest("The form is too large.", code="PAYLOAD_TOO_LARGE")
    return await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=PART_LIMIT_BYTES)


async def read_own_form(request: Request, session: Session) -> dict[str, str]:
    """A posted form that we drew for this session.

    Raises:
        Forbidden: it is not.
    """
    form = await read_posted(request)
    check_form(session, form.get("form_token"))
    return {key: value for key, value in form.items() if isinstance(value, str) and key != "form_token"}


def to_sign_in(request: Request) -> RedirectResponse:
    """The sign-in page, with the way back."""
    back = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}", 303)
