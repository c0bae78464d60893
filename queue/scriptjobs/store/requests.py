"""Requests that carry an Idempotency-Key: one at a time for each key, its first answer kept."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """Whose request, where to, under which key; `digest` tells its body from another one."""

    user_id: UUID
    organisation_id: UUID
    path: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a key."""

    digest: str
    status: int
    body: dict[str, Any]


# The lock is tried, not waited for: who finds it taken is told so (409) while the first request is still in work. It is
# taken before the look, and freed after the first one's commit, so a look under it sees the first one's answer.
_LOCK = text(
    """
    select pg_try_advisory_xact_lock(hashtextextended(
        concat_ws(' ', 'script_jobs request', cast(:user_id as text), cast(:organisation_id as text),
                  cast(:path as text), cast(:key as text)), 0))
    """
)
_FIND = text(
    """
    select digest, status, body from public.script_job_requests
    where user_id = :user_id and organisation_id = :organisation_id and path = :path and key = :key
      and created_at > now() - make_interval(secs => :age_s)
    """
)
# An answer that has outlived its day gives way.
_KEEP = text(
    """
    insert into public.script_job_requests (user_id, organisation_id, path, key, digest, status, body)
    values (:user_id, :organisation_id, :path, :key, :digest, :status, :body)
    """
).bindparams(bindparam("body", type_=JSONB))
_DROP = text(
    """
    delete from public.script_job_requests
    where user_id = :user_id and organisation_id = :organisation_id and path = :path and key = :key
    """
)


async def lock_request(connection: AsyncConnection, key: RequestKey) -> bool:
    """Take the key until the transaction ends; False when another request works under it."""
    values = _values(key, "user_id", "organisation_id", "path", "key")
    return (await connection.execute(_LOCK, {name: str(value) for name, value in values.items()})).scalar_one()


async def find_answer(connection: AsyncConnection, key: RequestKey, age_s: float) -> StoredAnswer | None:
    """The answer that was given under the key in the last `age_s` seconds, or None."""
    values = _values(key, "user_id", "organisation_id", "path", "key")
    row = (await connection.execute(_FIND, values | {"age_s": age_s})).mappings().one_or_none()
    return StoredAnswer(**row) if row else None


async def keep_answer(connection: AsyncConnection, key: RequestKey, status: int, body: dict[str, Any]) -> None:
    """Keep the answer of a key that is locked by this transaction."""
    values = _values(key, "user_id", "organisation_id", "path", "key", "digest")
    await connection.execute(_DROP, _values(key, "user_id", "organisation_id", "path", "key"))
    await connection.execute(_KEEP, values | {"status": status, "body": body})


def _values(key: RequestKey, *names: str) -> dict[str, Any]:
    return {name: getattr(key, name) for name in names}
