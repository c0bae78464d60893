"""Access: sessions of browsers and bearer tokens, from their start to their end, and whom each of them lets in."""

import hashlib
import re
import secrets
import time
from uuid import UUID

from scriptjobs.database import Database
from scriptjobs.errors import RequestRefused
from scriptjobs.store import sessions
from scriptjobs.store.sessions import Entry, StoredSession, StoredToken

SESSION_VALID_S = 12 * 3_600
# Stands in the tokens that we made, beside their id. All others are their maker's to revoke.
ISSUER = "script-jobs"
# What is kept of what a browser says about itself, and of a name that somebody gave.
MAX_SHOWN = 200
_ID = re.compile("[0-9a-f]{12}")


class Access:
    """What lets people in, kept in the database so that it can be ended from anywhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start_session(self, user_id: UUID, *, user_agent: str, address: str) -> str:
        """Start a session of 12 hours. Returns its secret, for the cookie; only its hash is stored."""
        secret = secrets.token_urlsafe(32)
        async with self._database.as_service() as connection:
            await sessions.add_session(
                connection, id=_new_id(), token_hash=_digest(secret), user_id=user_id, valid_s=SESSION_VALID_S,
                user_agent=_shown(user_agent), address=_shown(address),
            )  # fmt: skip
        return secret

    async def enter_by_session(self, secret: str) -> Entry | None:
        """Whom this session lets in, or None when there is none or it has ended."""
        async with self._database.as_service() as connection:
            return await sessions.enter_by_session(connection, _digest(secret))

    async def enter_by_token(self, user_id: UUID, token_id: str, leeway_s: float) -> Entry | None:
        """Whom a token with a good signature lets in, or None when it was revoked. `token_id` is empty for one that we
        did not make; `leeway_s` is for how long after its end it still counts.
        """
        async with self._database.as_service() as connection:
            return await sessions.enter_by_token(connection, user_id, token_id, leeway_s)

    async def add_token(self, user_id: UUID, *, name: str, valid_s: int) -> tuple[str, int]:
        """Note that a token was made. Returns its id and when it ends, as a Unix time in seconds."""
        id_, expires_at = _new_id(), int(time.time()) + valid_s
        async with self._database.as_service() as connection:
            await sessions.add_token(connection, id_=id_, user_id=user_id, name=_shown(name), expires_at=expires_at)
        return id_, expires_at

    async def list_sessions(self, user_id: UUID | None = None) -> list[StoredSession]:
        """The sessions of a person or of everybody, last used first."""
        async with self._database.as_service() as connection:
            return await sessions.list_sessions(connection, user_id)

    async def list_tokens(self, user_id: UUID | None = None) -> list[StoredToken]:
        """The tokens of a person or of everybody, newest first."""
        async with self._database.as_service() as connection:
            return await sessions.list_tokens(connection, user_id)

    async def end_session(self, id_: str) -> None:
        """End a session at once.

        Raises:
            RequestRefused: there is none with this id.
        """
        async with self._database.as_service() as connection:
            if not (_ID.fullmatch(id_) and await sessions.end_session(connection, id_)):
                raise RequestRefused(f"There is no session {id_[:40]}. List them: script-jobs session list.")

    async def end_session_of(self, secret: str) -> None:
        """End the session with this secret at once, if there is one."""
        async with self._database.as_service() as connection:
            await sessions.end_session_of(connection, _digest(secret))

    async def end_sessions(self, user_id: UUID) -> int:
        """End all sessions of a person at once. Returns how many."""
        async with self._database.as_service() as connection:
            return await sessions.end_sessions(connection, user_id)

    async def revoke_token(self, id_: str) -> None:
        """Revoke a token at once.

        Raises:
            RequestRefused: there is none with this id.
        """
        async with self._database.as_service() as connection:
            if not (_ID.fullmatch(id_) and await sessions.revoke_token(connection, id_)):
                raise RequestRefused(f"There is no token {id_[:40]}. List them: script-jobs token list.")


def read_token_id(value: object) -> str:
    """The id of a token that we made.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("is not the id of a token")
    return value


def _new_id() -> str:
    """Short, because people type it; it lets nobody in."""
    return secrets.token_hex(6)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:MAX_SHOWN].strip()
