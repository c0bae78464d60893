"""Signing in: passwords (argon2id, in threads of their own), one-time links, memberships."""

import hashlib
import secrets
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from scriptjobs.database import Connection, Database
from scriptjobs.errors import RateLimited, RequestRefused, Unauthorized
from scriptjobs.store import users
from scriptjobs.store.users import Membership

T = TypeVar("T")
LINK_VALID_S = 24 * 3_600
MIN_PASSWORD = 10
# One hash keeps a core and 64 MiB for tens of milliseconds: the other core stays for pages and leases.
HASHES_AT_ONCE = 1
# Two hundred people may wait before one is told to come again.
WAIT_LIMIT_S = 20


class People:
    """Who may sign in, and with what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hasher = PasswordHasher()
        self._hashing = anyio.CapacityLimiter(HASHES_AT_ONCE)

    async def add(self, email: str, organisation: str, role: str) -> tuple[UUID, UUID]:
        """Make a person a member of an organisation; both are made when missing. Returns both ids."""
        async with self._database.as_service() as connection:
            return await users.add_member(connection, email=email, organisation=organisation, role=role)

    async def set_password(self, email: str, password: str) -> None:
        """Set the password of a person.

        Raises:
            RequestRefused: too short, or nobody has this address.
        """
        if len(password) < MIN_PASSWORD:
            raise RequestRefused(f"A password needs at least {MIN_PASSWORD} characters.")
        hashed = await self._in_thread(self._hasher.hash, password)
        async with self._database.as_service() as connection:
            await users.set_password(connection, await self._must_find(connection, email), hashed)

    async def check_password(self, email: str, password: str) -> UUID:
        """The person with this address and password.

        Raises:
            Unauthorized: they do not fit; it never says which of the two.
            RateLimited: so many people sign in that this one would wait too long.
        """
        async with self._database.as_service() as connection:
            found = await users.find_password(connection, email)
        try:
            # An unknown address costs the same time as a known one, so that time tells nothing.
            await self._in_thread(lambda: self._hasher.verify(found[1] if found else self._decoy, password))
        except (VerifyMismatchError, InvalidHashError) as error:
            raise Unauthorized("E-mail address and password do not fit together.") from error
        if found is None:
            raise Unauthorized("E-mail address and password do not fit together.")
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

    async def find_email(self, user_id: UUID) -> str | None:
        """The address of a person, or None."""
        async with self._database.as_service() as connection:
            return await users.find_email(connection, user_id)

    async def list_memberships(self, user_id: UUID) -> list[Membership]:
        """The organisations of a person, by name."""
        async with self._database.as_service() as connection:
            return await users.list_memberships(connection, user_id)

    async def has_members(self) -> bool:
        """Whether anybody could sign in at all."""
        async with self._database.as_service() as connection:
            return await users.has_members(connection)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        try:
            with anyio.fail_after(WAIT_LIMIT_S):
                return await run_sync(work, *arguments, limiter=self._hashing)
        except TimeoutError as error:
            raise RateLimited("Too many people sign in at the moment; try again in 10 s.", retryAfter=10) from error

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    @staticmethod
    async def _must_find(connection: Connection, email: str) -> UUID:
        user_id = await users.find_user(connection, email)
        if user_id is None:
            raise RequestRefused(f"Nobody has the address {email}. Add the person first: script-jobs user add.")
        return user_id


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
