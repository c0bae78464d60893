"""What one installation agrees on in its database: keys of sealed secrets, and the job types that it knows."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_NEWEST_KEY = text("select fingerprint from public.script_job_keys order by first_used_at desc, fingerprint limit 1")
# Taken to look and write as one: of two processes with different keys on a new database, the second finds the first.
_LOCK_KEYS = text("lock table public.script_job_keys in share row exclusive mode")
_ADD_KEY = text(
    """
    insert into public.script_job_keys (fingerprint) values (:fingerprint)
    on conflict (fingerprint) do update set first_used_at = clock_timestamp()
    """
)
_JOB_TYPES = text("select unnest(enum_range(null::public.script_job_type))::text")


async def agree_on_key(connection: AsyncConnection, fingerprints: Sequence[str]) -> str | None:
    """Note the first of a process's keys as the one that seals from now on. Returns the fingerprint of the key that
    sealed so far when it is not among the process's keys, and then notes nothing.
    """
    newest = (await connection.execute(_NEWEST_KEY)).scalar_one_or_none()
    if newest == fingerprints[0]:
        return None
    await connection.execute(_LOCK_KEYS)
    newest = (await connection.execute(_NEWEST_KEY)).scalar_one_or_none()
    if newest is not None and newest not in fingerprints:
        return newest
    if newest != fingerprints[0]:
        await connection.execute(_ADD_KEY, {"fingerprint": fingerprints[0]})
    return None


async def list_known_job_types(connection: AsyncConnection) -> list[str]:
    """The job types that rows may have."""
    return list((await connection.execute(_JOB_TYPES)).scalars())
