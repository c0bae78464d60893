"""People: members of organisations, and their signing in by password (argon2id, in a thread) or by one-time link."""

import hashlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Protocol
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from scriptjobs.database import Connection, Database
from scriptjobs.errors import RateLimited, RequestRefused, Unauthorized
from scriptjobs.roles import ROLES
from scriptjobs.store import sessions, users
from scriptjobs.store.users import Member
from scriptjobs.values import read_email, read_name

LINK_VALID_S = 24 * 3_600
MIN_PASSWORD, MAX_PASSWORD = 10, 1_024
# One hash keeps a core and 64 MiB for tens of milliseconds: the other core stays for pages and leases.
HASHES_AT_ONCE = 1
# Two hundred people may wait before one is told to come again.
WAIT_LIMIT_S = 20


class Tries(Protocol):
    """Bounds how often a password is guessed."""

    def begin(self, account: str) -> None:
        """Begin a try for this account.

        Raises:
            RateLimited: too many have failed.
        """
        ...

    def end(self, *, has_succeeded: bool) -> None:
        """Note how the try that was begun has ended."""
        ...


class People:
    """Who may sign in, and with what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hasher = PasswordHasher()
        self._hashing = anyio.CapacityLimiter(HASHES_AT_ONCE)

    async def add(self, email: str, organisation: str, role: str | None = None) -> tuple[UUID, UUID]:
        """Make a person a member of an organisation; both are made when missing. Without a role, a new member is staff,
        and whoever is there keeps theirs. Returns both ids.

        Raises:
            RequestRefused: the address, the name or the role is none.
        """
        if role is not None and role not in ROLES:
            raise RequestRefused(f"“{role[:40]}” is not a role. Choose one of: {', '.join(ROLES)}.")
        try:
            address, name = read_email(email), read_name(organisation)
        except ValueError as error:
            raise RequestRefused(str(error)) from error
        if not name:
            raise RequestRefused("An organisation needs a name.")
        async with self._database.as_service() as connection:
            return await users.add_member(connection, email=address, organisation=name, role=role)

    async def list_members(self) -> list[Member]:
        """Everybody with each of their organisations, by address."""
        async with self._database.as_service() as connection:
            return await users.list_people(connection)

    async def remove(self, email: str, organisation: str | None = None) -> int:
        """Take a person out of an organisation, or out of all. Whoever is left without one loses password, links,
        sessions and tokens at once; their jobs stay. Returns in how many organisations they still are.

        Raises:
            RequestRefused: nobody has this address, or they are not in this organisation.
        """
        async with self._database.as_service() as connection:
            user_id = await self._must_find(connection, email)
            ended = await users.leave(connection, user_id, organisation)
            kept = [member for member in await users.list_people(connection) if member.user_id == user_id]
            if not ended and any(organisation in (None, member.organisation_name) for member in kept):
                raise RequestRefused(f"Another application added {email}. Remove the person there.")
            if not ended:
                where = "any organisation" if organisation is None else f"“{organisation}”"
                raise RequestRefused(f"{email} is not in {where}. See: script-jobs user list.")
            left = len(kept)
            if not left:
                await users.forget_password(connection, user_id)
                await self._end_all(connection, user_id)
            return left

    async def set_password(self, email: str, password: str) -> None:
        """Set the password of a person; it ends their sessions, links, and the tokens that we made for them.

        Raises:
            RequestRefused: too short, or nobody has this address.
            RateLimited: so many people sign in that this would wait too long.
        """
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise RequestRefused(f"A password must have {MIN_PASSWORD} to {MAX_PASSWORD:,} characters.")
        if not password.isprintable():
            raise RequestRefused("A password must be one line of UTF-8 text.")
        async with self._turn():
            hashed = await run_sync(self._hasher.hash, _encoded(password))
        async with self._database.as_service() as connection:
            user_id = await self._must_find_member(connection, email)
            await users.set_password(connection, user_id, hashed)
            await self._end_all(connection, user_id)

    async def check_password(self, email: str, password: str, tries: Tries) -> UUID:
        """The person with this address and password. They are checked one after the other, and `tries` is asked when
        its turn has come: of a thousand guesses sent at once no more get through than one after the other.

        Raises:
            Unauthorized: they do not fit; it never says which of the two.
            RateLimited: `tries` refuses, or so many people sign in that this one would wait too long.
        """
        async with self._database.as_service() as connection:
            found = await users.find_password(connection, email)
        fits = False
        async with self._turn():
            tries.begin(str(found[0]) if found else email.casefold())
            try:
                # An unknown address costs the same time as a known one, so that time tells nothing.
                fits = await run_sync(self._fits, found[1] if found else None, password)
            finally:
                tries.end(has_succeeded=fits)
        if found is None or not fits:
            raise Unauthorized("E-mail address and password do not match.")
        return found[0]

    async def make_link(self, email: str) -> str:
        """The token of a new one-time link for a person.

        Raises:
            RequestRefused: nobody has this address.
        """
        token = secrets.token_urlsafe(32)
        async with self._database.as_service() as connection:
            user_id = await self._must_find(connection, email)
            await users.add_link(connection, token_hash=_digest(token), user_id=user_id, valid_s=LINK_VALID_S)
        return token

    async def use_link(self, token: str) -> UUID:
        """The person whose link this is; it works once.

        Raises:
            Unauthorized: unknown, used already or too old.
        """
        async with self._database.as_service() as connection:
            user_id = await users.use_link(connection, _digest(token))
        if user_id is None:
            raise Unauthorized("This link was used already or is too old. Ask for a new one.")
        return user_id

    async def find_user(self, email: str) -> UUID:
        """The id of the person with this address.

        Raises:
            RequestRefused: nobody has it.
        """
        async with self._database.as_service() as connection:
            return await self._must_find(connection, email)

    async def find_member(self, email: str) -> UUID:
        """The id of the person with this address, who is in an organisation.

        Raises:
            RequestRefused: nobody has it, or they are in none.
        """
        async with self._database.as_service() as connection:
            return await self._must_find_member(connection, email)

    async def has_members(self) -> bool:
        """Whether anybody could sign in at all."""
        async with self._database.as_service() as connection:
            return await users.has_members(connection)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        try:
            with anyio.fail_after(WAIT_LIMIT_S):
                await self._hashing.acquire()
        except TimeoutError as error:
            raise RateLimited("Too many people sign in at the moment; try again in 10 s.", retryAfter=10) from error
        try:
            yield
        finally:
            self._hashing.release()

    def _fits(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._decoy, _encoded(password)) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    @staticmethod
    async def _end_all(connection: Connection, user_id: UUID) -> None:
        await users.forget_links(connection, user_id)
        await sessions.end_sessions(connection, user_id)
        await sessions.revoke_tokens(connection, user_id)

    @classmethod
    async def _must_find_member(cls, connection: Connection, email: str) -> UUID:
        user_id = await cls._must_find(connection, email)
        if not await users.is_member(connection, user_id):
            raise RequestRefused(f"{email} is not in any organisation. Add the person first: script-jobs user add.")
        return user_id

    @staticmethod
    async def _must_find(connection: Connection, email: str) -> UUID:
        user_id = await users.find_user(connection, email)
        if user_id is None:
            raise RequestRefused(f"Nobody has the address {email}. Add the person first: script-jobs user add.")
        return user_id


def _encoded(password: str) -> bytes:
    """What is hashed. A form may send halves of characters, which UTF-8 has no bytes for."""
    return password.encode("utf-8", "surrogatepass")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
