"""Signing in by e-mail and password or by one-time link, and signing out."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scriptjobs.errors import RateLimited, Unauthorized
from webapp.clients import address_of
from webapp.errors import headers_of, status_of
from webapp.pages.session import find_session, read_own_form, read_posted
from webapp.render import page
from webapp.website import site_of


async def show(request: Request) -> Response:
    """GET /sign-in."""
    return page(request, "sign_in", next=_safe(request.query_params.get("next")), email="", error="")


async def sign_in(request: Request) -> Response:
    """POST /sign-in."""
    form = await read_posted(request)
    email, password = str(form.get("email", "")).replace("\0", "").strip(), str(form.get("password", ""))
    back = _safe(form.get("next"))
    site = site_of(request)
    try:
        tries = site.guesses.tries_from(address_of(request), site.browsers.find(request))
        user_id = await site.people.check_password(email, password, tries)
    except (Unauthorized, RateLimited) as error:
        answer = page(request, "sign_in", status=status_of(error), next=back, email=email, error=error.message)
        answer.headers.update({name: value for name, value in headers_of(error).items() if name == "Retry-After"})
        return answer
    return await _signed_in(request, user_id, back)


async def link(request: Request) -> Response:
    """GET /sign-in/{token}: ask first; a mail scanner that follows links must not use it up."""
    return page(request, "sign_in_link", token=request.path_params["token"])


async def use_link(request: Request) -> Response:
    """POST /sign-in/{token}: the link works once."""
    await read_posted(request)
    site = site_of(request)
    try:
        user_id = await site.people.use_link(request.path_params["token"])
    except Unauthorized as error:
        return page(request, "sign_in", status=401, next="/", email="", error=error.message)
    return await _signed_in(request, user_id, "/")


async def sign_out(request: Request) -> Response:
    """POST /sign-out."""
    await read_own_form(request, await find_session(request))
    response = RedirectResponse("/sign-in", 303)
    await site_of(request).sessions.end(request, response)
    return response


async def _signed_in(request: Request, user_id: UUID, back: str) -> Response:
    site = site_of(request)
    response = RedirectResponse(back, 303)
    await site.sessions.start(request, response, user_id)
    site.browsers.remember(response, user_id)
    return response


def _safe(address: object) -> str:
    """An address on this site, never on another one."""
    text = str(address or "/")
    return text if text.startswith("/") and not text.startswith(("//", "/\\")) else "/"
