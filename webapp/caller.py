"""Who asks: from a bearer token or the browser's session to a Caller with organisation and rights."""

from uuid import UUID

from starlette.requests import Request

from scriptjobs.errors import Forbidden, Unauthorized
from scriptjobs.service import Caller
from webapp.auth.sessions import check_origin
from webapp.limits import limit_of
from webapp.website import site_of

READ_ONLY_ROLE = "viewer"
# How far from 0 the priority of their jobs may be; operators set any at the command line.
PRIORITY_LIMITS = {"admin": 100, "staff": 10}
_SAFE = {"GET", "HEAD", "OPTIONS"}


async def get_caller(request: Request) -> Caller:
    """The caller of an API request or a page.

    Raises:
        Unauthorized: no valid token or session. RateLimited: too many requests.
        Forbidden: a member of no organisation, or not of the one asked for; or another site sent the request.
    """
    user_id = await _counted_user(request)
    memberships = await site_of(request).people.list_memberships(user_id)
    if not memberships:
        raise Forbidden("You belong to no organisation yet.")
    wanted = request.headers.get("x-organisation-id") or request.headers.get("x-organization-id")
    member = next((item for item in memberships if not wanted or str(item.organisation_id) == wanted.lower()), None)
    if member is None:
        raise Forbidden("You are no member of this organisation.")
    caller = Caller(
        user_id=user_id,
        organisation_id=member.organisation_id,
        organisation_name=member.organisation_name,
        may_act=member.role != READ_ONLY_ROLE,
        priority_limit=PRIORITY_LIMITS.get(member.role, 0),
    )
    request.state.caller = caller
    return caller


async def _counted_user(request: Request) -> UUID:
    """Whose request it is. It is counted once, for its person; one without is counted for its address."""
    limits = site_of(request).limits
    try:
        user_id = await _user(request)
    except Unauthorized:
        await limits.check("other", request.client.host if request.client else "")
        raise
    if name := limit_of(request):
        await limits.check(name, user_id)
    return user_id


async def _user(request: Request) -> UUID:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("Send the token as “Authorization: Bearer …”.")
        return await site_of(request).tokens.check(token.strip())
    session = site_of(request).sessions.read(request)
    if session is None:
        raise Unauthorized
    if request.method not in _SAFE:
        check_origin(request)
    return session.user_id
