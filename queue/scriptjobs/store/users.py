"""People: users, organisations and their sign-in. Passwords and links are stored as hashes only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Membership:
    """One organisation of a person. What a role may do stands in `scriptjobs/roles.py`."""

    organisation_id: UUID
    organisation_name: str
    role: str


@dataclass(frozen=True, slots=True)
class Member:
    """One person in one organisation. Whoever was deleted elsewhere has no address."""

    user_id: UUID
    email: str | None
    organisation_name: str
    role: str


# Plain reads.
_IS_MEMBER = text("select exists (select from public.script_jobs_memberships(:user_id))")
# Where people and memberships lie differs from database to database; the functions know (migrations/sql/0021_people).
_USER = text("select public.script_jobs_find_person(:email)")
_PASSWORD = text(
    """
    select s.user_id, s.password_hash
    from public.script_job_sign_ins s
    where s.user_id = public.script_jobs_find_person(:email)
    """
)
# Adding the same person twice, even at the same moment, ends in one row each.
_ADD_USER = text("select public.script_jobs_add_person(:email)")
_ADD_ORGANISATION = text("select public.script_jobs_add_organisation(:name)")
_JOIN = text("select public.script_jobs_join(:user_id, :organisation_id, :role)")
_SET_PASSWORD = text(
    """
    insert into public.script_job_sign_ins (user_id, password_hash)
    values (:user_id, :password_hash)
    on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = now()
    """
)
_ADD_LINK = text(
    """
    insert into public.script_job_sign_in_links (token_hash, user_id, expires_at)
    values (:token_hash, :user_id, now() + make_interval(secs => :valid_s))
    """
)
_EVERYBODY = text("select user_id, email, organisation_name, role from public.script_jobs_list_people()")
_LEAVE = text("select public.script_jobs_leave(:user_id, :organisation)")
_FORGET_LINKS = text("delete from public.script_job_sign_in_links where user_id = :user_id")
_FORGET_PASSWORD = text("delete from public.script_job_sign_ins where user_id = :user_id")
# One-time: of two clicks at the same moment, the second waits for the row's lock and then finds `used_at` set.
_USE_LINK = text(
    """
    update public.script_job_sign_in_links
    set used_at = now()
    where token_hash = :token_hash and used_at is null and expires_at > now()
    returning user_id
    """
)
_ANYBODY = text("select public.script_jobs_has_members()")


async def is_member(connection: AsyncConnection, user_id: UUID) -> bool:
    """Whether a person is in an organisation."""
    return (await connection.execute(_IS_MEMBER, {"user_id": user_id})).scalar_one()


async def find_user(connection: AsyncConnection, email: str) -> UUID | None:
    """The person with this e-mail address, or None."""
    return (await connection.execute(_USER, {"email": email})).scalar_one_or_none()


async def find_password(connection: AsyncConnection, email: str) -> tuple[UUID, str] | None:
    """The person with this e-mail address and the hash of the password, or None without one."""
    row = (await connection.execute(_PASSWORD, {"email": email})).one_or_none()
    return (row[0], row[1]) if row else None


async def add_member(
    connection: AsyncConnection, *, email: str, organisation: str, role: str | None
) -> tuple[UUID, UUID]:
    """Make user, organisation and membership where they are missing. Returns (user id, organisation id)."""
    user_id = (await connection.execute(_ADD_USER, {"email": email})).scalar_one()
    organisation_id = (await connection.execute(_ADD_ORGANISATION, {"name": organisation})).scalar_one()
    await connection.execute(_JOIN, {"user_id": user_id, "organisation_id": organisation_id, "role": role})
    return user_id, organisation_id


async def set_password(connection: AsyncConnection, user_id: UUID, password_hash: str) -> None:
    """Store the hash of a new password."""
    await connection.execute(_SET_PASSWORD, {"user_id": user_id, "password_hash": password_hash})


async def add_link(connection: AsyncConnection, *, token_hash: str, user_id: UUID, valid_s: int) -> None:
    """Store a one-time link, valid for `valid_s` seconds."""
    await connection.execute(_ADD_LINK, {"token_hash": token_hash, "user_id": user_id, "valid_s": valid_s})


async def use_link(connection: AsyncConnection, token_hash: str) -> UUID | None:
    """Use up a one-time link; None when it is unknown, used or too old."""
    return (await connection.execute(_USE_LINK, {"token_hash": token_hash})).scalar_one_or_none()


async def has_members(connection: AsyncConnection) -> bool:
    """Whether anybody could sign in at all."""
    return (await connection.execute(_ANYBODY)).scalar_one()


async def list_people(connection: AsyncConnection) -> list[Member]:
    """Everybody with each of their organisations, by address."""
    return [Member(**row) for row in (await connection.execute(_EVERYBODY)).mappings()]


async def leave(connection: AsyncConnection, user_id: UUID, organisation: str | None) -> int:
    """Take a person out of the organisation of that name, or out of all. Returns how many memberships ended."""
    return (await connection.execute(_LEAVE, {"user_id": user_id, "organisation": organisation})).scalar_one()


async def forget_links(connection: AsyncConnection, user_id: UUID) -> None:
    """Delete the one-time links of a person."""
    await connection.execute(_FORGET_LINKS, {"user_id": user_id})


async def forget_password(connection: AsyncConnection, user_id: UUID) -> None:
    """Delete the password of a person."""
    await connection.execute(_FORGET_PASSWORD, {"user_id": user_id})
