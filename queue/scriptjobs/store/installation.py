"""What one installation agrees on in its database: keys of sealed secrets, and the job types that it knows."""

from collections.abc import Callable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from scriptjobs.jobs import SealedPayload

_NEWEST_KEY = text("select fingerprint from public.script_job_keys order by first_used_at desc, fingerprint limit 1")
# Taken to look and write as one: of two processes with different keys on a new database, the second finds the first.
_LOCK_KEYS = text("lock table public.script_job_keys in share row exclusive mode")
_ADD_KEY = text(
    """
    insert into public.script_job_keys (fingerprint) values (:fingerprint)
    on conflict (fingerprint) do update set first_used_at = clock_timestamp()
    """
)
# Read once, in a database that is older than the record of keys.
_ANY_SEALED = text(
    "select input_payload from public.script_jobs where strpos(input_payload::text, '\"$sealed\"') > 0 limit 1"
)
_JOB_TYPES = text("select unnest(enum_range(null::public.script_job_type))::text")


async def agree_on_key(
    connection: AsyncConnection, fingerprints: Sequence[str], can_open: Callable[[SealedPayload], bool]
) -> str | None:
    """Note the first of a process's keys as the one that seals from now on. Returns the fingerprint of the key that
    sealed so far (“unknown” where none was noted) when the process does not have it, and then notes nothing.
    """
    newest = (await connection.execute(_NEWEST_KEY)).scalar_one_or_none()
    if newest == fingerprints[0]:
        return None
    await connection.execute(_LOCK_KEYS)
    newest = (await connection.execute(_NEWEST_KEY)).scalar_one_or_none()
    if newest is not None and newest not in fingerprints:
        return newest
    if newest is None:
        sealed = (await connection.execute(_ANY_SEALED)).scalar_one_or_none()
        if sealed is not None and not can_open(SealedPayload(sealed)):
            return "unknown"
    if newest != fingerprints[0]:
        await connection.execute(_ADD_KEY, {"fingerprint": fingerprints[0]})
    return None


async def list_known_job_types(connection: AsyncConnection) -> list[str]:
    """The job types that rows may have."""
    return list((await connection.execute(_JOB_TYPES)).scalars())
