"""Sessions of browsers and bearer tokens that we made: who may still come in, and who left. Only hashes are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.store.users import Membership

# Nobody needs to know to the second, and a page that asks every two seconds should not write as often.
SEEN_EVERY_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A browser that is signed in."""

    id: str
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A bearer token that we made and nobody has revoked. The token itself is not stored."""

    id: str
    user_id: UUID
    name: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who comes in with a valid session or token, and their organisations, by name."""

    user_id: UUID
    memberships: tuple[Membership, ...]
    session_id: str = ""


_ADD_SESSION = text(
    """
    insert into public.script_job_sessions (id, token_hash, user_id, expires_at, user_agent, address)
    values (:id, :token_hash, :user_id, now() + make_interval(secs => :valid_s), :user_agent, :address)
    """
)
# A database that takes no writes for the moment still lets people read.
_ENTER_BY_SESSION = text(
    """
    select s.id, s.user_id, m.organisation_id, m.organisation_name, m.role,
           s.last_seen_at < now() - make_interval(secs => :seen_every_s)
               and current_setting('transaction_read_only') = 'off' as is_unseen
    from public.script_job_sessions s
    left join lateral public.script_jobs_memberships(s.user_id) with ordinality
        as m (organisation_id, organisation_name, role, place) on true
    where s.token_hash = :token_hash and s.expires_at > now()
    order by m.place
    """
)
_SEE = text("update public.script_job_sessions set last_seen_at = now() where id = :id and last_seen_at < now()")
# `token_id` is empty for tokens that somebody else made.
_ENTER_BY_TOKEN = text(
    """
    select m.organisation_id, m.organisation_name, m.role,
           cast(:token_id as text) = '' or exists (
               select from public.script_job_tokens
               where id = :token_id and user_id = :user_id and expires_at > now() - make_interval(secs => :leeway_s)
           ) as is_valid
    from (select 1) one
    left join lateral public.script_jobs_memberships(:user_id) with ordinality
        as m (organisation_id, organisation_name, role, place) on true
    order by m.place
    """
)
_ADD_TOKEN = text(
    """
    insert into public.script_job_tokens (id, user_id, name, expires_at)
    values (:id, :user_id, :name, to_timestamp(:expires_at))
    """
)
_SESSIONS = text(
    """
    select id, user_id, created_at, last_seen_at, expires_at, user_agent, address from public.script_job_sessions
    where expires_at > now() and (user_id = :user_id or cast(:user_id as uuid) is null) order by last_seen_at desc, id
    """
)
_TOKENS = text(
    """
    select id, user_id, name, created_at, expires_at from public.script_job_tokens
    where expires_at > now() and (user_id = :user_id or cast(:user_id as uuid) is null) order by created_at desc, id
    """
)
_END_SESSION = text("delete from public.script_job_sessions where id = :id")
_END_SESSION_OF = text("delete from public.script_job_sessions where token_hash = :token_hash")
_END_SESSIONS = text("delete from public.script_job_sessions where user_id = :user_id")
_REVOKE_TOKEN = text("delete from public.script_job_tokens where id = :id")
_REVOKE_TOKENS = text("delete from public.script_job_tokens where user_id = :user_id")
_FORGET = (
    text("delete from public.script_job_sessions where expires_at < now()"),
    text("delete from public.script_job_tokens where expires_at < now() - interval '1 day'"),
    text("delete from public.script_job_sign_in_links where expires_at < now() - interval '1 day'"),
)


async def add_session(connection: AsyncConnection, **values: Any) -> None:
    """Store a session: id, token_hash, user_id, valid_s (seconds), user_agent, address."""
    await connection.execute(_ADD_SESSION, values)


async def enter_by_session(connection: AsyncConnection, token_hash: str) -> Entry | None:
    """Who comes in with this session, or None when it has ended. Notes once a minute that it is in use."""
    found = await connection.execute(_ENTER_BY_SESSION, {"token_hash": token_hash, "seen_every_s": SEEN_EVERY_S})
    rows = found.mappings().all()
    if not rows:
        return None
    if rows[0]["is_unseen"]:
        await connection.execute(_SEE, {"id": rows[0]["id"]})
    return Entry(rows[0]["user_id"], _memberships(rows), rows[0]["id"])


async def enter_by_token(connection: AsyncConnection, user_id: UUID, token_id: str, leeway_s: float) -> Entry | None:
    """Who comes in with a token whose signature was checked, or None when it was revoked. `token_id` is empty for one
    that we did not make; `leeway_s` is how long after its end it still counts.
    """
    values = {"user_id": user_id, "token_id": token_id, "leeway_s": leeway_s}
    rows = (await connection.execute(_ENTER_BY_TOKEN, values)).mappings().all()
    return Entry(user_id, _memberships(rows)) if rows[0]["is_valid"] else None


async def add_token(connection: AsyncConnection, *, id_: str, user_id: UUID, name: str, expires_at: int) -> None:
    """Store that a token was made. `expires_at` is a Unix time in seconds."""
    await connection.execute(_ADD_TOKEN, {"id": id_, "user_id": user_id, "name": name, "expires_at": expires_at})


async def list_sessions(connection: AsyncConnection, user_id: UUID | None) -> list[StoredSession]:
    """The sessions of a person or of everybody, last used first."""
    return [StoredSession(**row) for row in (await connection.execute(_SESSIONS, {"user_id": user_id})).mappings()]


async def list_tokens(connection: AsyncConnection, user_id: UUID | None) -> list[StoredToken]:
    """The tokens of a person or of everybody, newest first."""
    return [StoredToken(**row) for row in (await connection.execute(_TOKENS, {"user_id": user_id})).mappings()]


async def end_session(connection: AsyncConnection, id_: str) -> bool:
    """End a session. Returns whether there was one."""
    return (await connection.execute(_END_SESSION, {"id": id_})).rowcount > 0


async def end_session_of(connection: AsyncConnection, token_hash: str) -> None:
    """End the session with this secret, if there is one."""
    await connection.execute(_END_SESSION_OF, {"token_hash": token_hash})


async def end_sessions(connection: AsyncConnection, user_id: UUID) -> int:
    """End all sessions of a person. Returns how many."""
    return (await connection.execute(_END_SESSIONS, {"user_id": user_id})).rowcount


async def revoke_token(connection: AsyncConnection, id_: str) -> bool:
    """Revoke a token. Returns whether there was one."""
    return (await connection.execute(_REVOKE_TOKEN, {"id": id_})).rowcount > 0


async def revoke_tokens(connection: AsyncConnection, user_id: UUID) -> int:
    """Revoke all tokens of a person. Returns how many."""
    return (await connection.execute(_REVOKE_TOKENS, {"user_id": user_id})).rowcount


async def forget_ended(connection: AsyncConnection) -> None:
    """Delete sessions, tokens and one-time links whose time is over."""
    for statement in _FORGET:
        await connection.execute(statement)


def _memberships(rows: Any) -> tuple[Membership, ...]:
    names = ("organisation_id", "organisation_name", "role")
    return tuple(Membership(*(row[name] for name in names)) for row in rows if row["organisation_id"])
