"""The promises about the database are questions that can fail: each finds the damage it is about."""

from collections.abc import Callable

from scriptjobs.database import Database
from tests.factories import change, claim
from tests.processes import wait_for
from tests.promises import QUESTIONS, broken_promises


def test_the_promises_are_questions_that_can_fail(new_database: Callable[[], str]) -> None:
    """Damage of each kind is found, so that silence means something."""
    dsn = new_database()
    assert wait_for(_damage(dsn)) == set(QUESTIONS)


async def _damage(dsn: str) -> set[str]:
    database = Database(dsn)
    try:
        for _ in range(2):
            await change(database, "insert into public.script_jobs (job_type, concurrency_key, concurrency_limit) "
                         "values ('add-item-tags', 'k', 1)")  # fmt: skip
        await claim(database)
        await change(database, "update public.script_jobs set concurrency_key = 'x' where status = 'pending'")
        await claim(database)
        await change(database, "update public.script_jobs set concurrency_key = 'k', retry_count = 9")
        await change(database, "update public.script_jobs set status = 'completed'")
        await change(database, "update public.script_job_attempts set outcome = 'completed', ended_at = now()")
        await change(database, "insert into public.script_job_attempts (job_id, number, worker_id, lease_expires_at) "
                     "select id, 7, 'w', now() from public.script_jobs")  # fmt: skip
        await change(database, "update public.script_job_attempts set started_at = now() - interval '1 day'")
        await change(database, "insert into public.script_job_events (job_id, kind, data) select id, 'status', "
                     "'{\"status\": \"pending\", \"from\": \"failed\"}' from public.script_jobs")  # fmt: skip
        await _untrue_ends(database)
        return {line.split(":")[0] for line in await broken_promises(database)}
    finally:
        await database.close()


async def _untrue_ends(database: Database) -> None:
    """Jobs that ended of something else than their attempts did, and one that goes on though its attempt succeeded."""
    for status in ("failed", "timed_out"):
        await change(database, "insert into public.script_jobs (job_type) values ('add-item-tags')")
        await claim(database)
        await change(database, "update public.script_job_attempts set outcome = 'failed', error_code = 'NOT_FOUND', "
                     "ended_at = now() where outcome is null and number = 1")  # fmt: skip
        await change(database, f"update public.script_jobs set status = '{status}', error_code = 'UNKNOWN_ERROR' "
                     "where status = 'in_progress'")  # fmt: skip
    await change(database, "insert into public.script_jobs (job_type) values ('add-item-tags')")
    await claim(database)
    await change(database, "update public.script_job_attempts set outcome = 'completed', ended_at = now() "
                 "where outcome is null and number = 1")  # fmt: skip
