"""What every page does first: who is it, and is a posted form ours?"""

from urllib.parse import quote

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scriptjobs.errors import Unauthorized
from scriptjobs.service import UPLOAD_LIMIT_BYTES, Caller
from scriptjobs.values import read_path
from webapp.auth.sessions import Session, check_form, check_origin
from webapp.caller import find_visitor, get_caller
from webapp.uploads import read_form

# Five hundred option sets of seven fields each, and some room.
MAX_FIELDS = 5_000
MAX_FILES = 6
PART_LIMIT_BYTES = 512 * 1024


async def enter(request: Request) -> tuple[Caller, Session]:
    """The caller and session of a page.

    Raises:
        Unauthorized: nobody is signed in.
    """
    session = await find_session(request)
    return await get_caller(request), session


async def find_session(request: Request) -> Session:
    """The session of a page, whatever its person may see.

    Raises:
        Unauthorized: nobody is signed in with this browser.
    """
    session = (await find_visitor(request)).session
    if session is None:
        raise Unauthorized
    return session


async def read_posted(request: Request) -> FormData:
    """A posted form, from our own pages only.

    Raises:
        Forbidden: from another site.
        BadRequest: PAYLOAD_TOO_LARGE.
    """
    check_origin(request)
    return await read_form(
        request, limit_bytes=PART_LIMIT_BYTES, max_files=0, max_fields=MAX_FIELDS, max_part_size=PART_LIMIT_BYTES
    )


async def read_own_form(request: Request, session: Session) -> dict[str, str]:
    """A posted form that we drew for this session.

    Raises:
        Forbidden: it is not.
    """
    return _fields(await read_posted(request), session)


async def read_own_files(request: Request, session: Session) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """A posted form that may hold files: its fields, and name and content of each file that was chosen.

    Raises:
        Forbidden: we did not draw it for this session. BadRequest: PAYLOAD_TOO_LARGE.
    """
    check_origin(request)
    limit = UPLOAD_LIMIT_BYTES * 2  # a menu, or a few pictures
    form = await read_form(
        request, limit_bytes=limit, max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=PART_LIMIT_BYTES
    )
    try:
        fields = _fields(form, session)
        chosen = {key: value for key, value in form.multi_items() if isinstance(value, UploadFile) and value.filename}
        return fields, {key: (file.filename or "", await file.read()) for key, file in chosen.items()}
    finally:
        await form.close()


def _fields(form: FormData, session: Session) -> dict[str, str]:
    check_form(session, form.get("form_token"))
    # An unchosen file has the same name as the id of the one that was uploaded before.
    return {key: value for key, value in form.multi_items() if isinstance(value, str) and key != "form_token"}


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page and back, for a browser, for htmx, or (a bare 401) for the script of a live page."""
    if request.scope["path"].startswith("/live/"):
        return Response(status_code=401)
    if is_htmx(request):
        back = read_path(request.headers.get("hx-current-url", "/"))
        return Response(status_code=401, headers={"HX-Redirect": f"/sign-in?next={quote(back)}"})
    asked = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}".rstrip("?")
    back = asked if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}", 303)


def is_htmx(request: Request) -> bool:
    """Whether htmx asks, for parts of a page, rather than the browser for a whole one."""
    return request.headers.get("hx-request") == "true"
