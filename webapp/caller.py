"""Who asks: from a bearer token or the browser's session to a Caller with organisation and rights."""

from dataclasses import dataclass

from starlette.requests import Request

from scriptjobs.access import Entry
from scriptjobs.errors import Forbidden, Unauthorized
from scriptjobs.roles import rights_of
from scriptjobs.service import Caller
from webapp.auth.sessions import Session, check_origin
from webapp.auth.tokens import CLOCK_SKEW_S
from webapp.clients import address_of
from webapp.limits import limit_of
from webapp.website import site_of

_SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose request it is, as found once for it. `session` is None for bearer tokens."""

    entry: Entry
    session: Session | None


async def get_caller(request: Request) -> Caller:
    """The caller of an API request or a page.

    Raises:
        Unauthorized: no valid token or session. RateLimited: too many requests.
        Forbidden: a member of no organisation, or not of the one asked for; or another site sent the request.
    """
    entry = (await find_visitor(request)).entry
    if not entry.memberships:
        raise Forbidden("You do not belong to an organisation yet.")
    wanted = request.headers.get("x-organisation-id") or request.headers.get("x-organization-id")
    matching = (item for item in entry.memberships if not wanted or str(item.organisation_id) == wanted.lower())
    member = next(matching, None)
    if member is None:
        raise Forbidden("You are not a member of this organisation.")
    rights = rights_of(member.role)
    caller = Caller(
        user_id=entry.user_id,
        organisation_id=member.organisation_id,
        organisation_name=member.organisation_name,
        may_act=rights.may_act,
        priority_limit=rights.priority_limit,
    )
    request.state.caller = caller
    return caller


async def recheck(request: Request) -> Caller:
    """The caller as things are now, for a request that is still open: one query. Raises what `get_caller` does."""
    request.state.visitor = None
    return await get_caller(request)


async def find_visitor(request: Request) -> Visitor:
    """Whose request it is: one query, the first time that it is asked. It is counted once, for its person; one without
    is counted for its address.

    Raises:
        Unauthorized: no valid token or session. RateLimited: too many requests. Forbidden: another site sent it.
    """
    known: Visitor | None = getattr(request.state, "visitor", None)
    if known is not None:
        return known
    limits = site_of(request).limits
    try:
        visitor = await _identify(request)
    except Unauthorized:
        await limits.check("other", address_of(request))
        raise
    if name := limit_of(request):
        await limits.check(name, visitor.entry.user_id)
    request.state.visitor = visitor
    return visitor


async def _identify(request: Request) -> Visitor:
    site = site_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("Send the token as “Authorization: Bearer …”.")
        claimed = await site.tokens.check(token.strip())
        entry = await site.access.enter_by_token(claimed.user_id, claimed.token_id, CLOCK_SKEW_S)
        if entry is None:
            raise Unauthorized("The token was revoked.", reason="invalid_token")
        return Visitor(entry, None)
    session = await site.sessions.read(request)
    if session is None:
        raise Unauthorized
    if request.method not in _SAFE:
        check_origin(request)
    return Visitor(session.entry, session)
