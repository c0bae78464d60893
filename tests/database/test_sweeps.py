"""What the sweeps take and what they leave: old jobs with their files, stalled ones, answers of yesterday."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from scriptjobs.database import Database
from scriptjobs.files import Files
from scriptjobs.poolers import _SESSION
from scriptjobs.runner.folders import RunFolders
from scriptjobs.store.maintenance import try_lock
from scriptjobs.store.waiting import add_prerequisites
from scriptjobs.worker.lifeline import cleanup_stalled_jobs, recover_orphaned_jobs
from scriptjobs.worker.pruner import cleanup_old_jobs, forget_the_past
from scriptjobs.worker.sweeper import Sweeper
from tests.factories import add_job, add_member, add_worker, all_rows, change, must_claim, row

pytestmark = pytest.mark.anyio


async def ended(database: Database, created_days: int, ended_days: int, **values: object) -> UUID:
    async with database.as_service() as connection:
        return await add_job(
            connection, status="failed", created_at=f"=now() - interval '{created_days} days'",
            completed_at=f"=now() - interval '{ended_days} days'", **values,
        )  # fmt: skip


async def remaining(database: Database) -> set[UUID]:
    return {found["id"] for found in await all_rows(database, "select id from public.script_jobs")}


async def test_old_jobs_go_with_their_files_and_young_kept_and_needed_ones_stay(
    database: Database, tmp_path: Path
) -> None:
    files = Files.load(None, tmp_path)
    gone = await ended(database, 31, 8)
    fresh = await ended(database, 31, 6)
    young = await ended(database, 29, 8)
    kept = await ended(database, 31, 8, keep=True)
    needed = await ended(database, 31, 8)
    async with database.as_service() as connection:
        running = await add_job(connection, created_at="=now() - interval '40 days'")
        await add_prerequisites(connection, running, [needed])
    for id_ in (gone, young):
        await files.put(f"{id_}/1/picture.jpg", b"x")

    deleted = await cleanup_old_jobs(database, files, days=30)

    assert deleted == 1
    assert await remaining(database) == {fresh, young, kept, needed, running}
    assert await files.get(f"{gone}/1/picture.jpg") is None
    assert await files.get(f"{young}/1/picture.jpg") == b"x"
    assert not (tmp_path / "files" / str(gone)).exists()


async def test_it_goes_in_small_batches_until_nothing_is_old(database: Database, tmp_path: Path) -> None:
    async with database.as_service() as connection:
        many = (
            "insert into public.script_jobs (job_type, status, created_at, completed_at) select 'add-item-tags', "
            "'completed', now() - interval '50 days', now() - interval '50 days' from generate_series(1, 23)"
        )
        await connection.execute(text(many))

    assert await cleanup_old_jobs(database, Files.load(None, tmp_path), days=30, batch=5) == 23
    assert await remaining(database) == set()


class SlowFiles(Files):
    """A storage that takes a fifth of a second to delete what one job left."""

    async def delete_all(self, prefix: str) -> None:
        await asyncio.sleep(0.2)
        await super().delete_all(prefix)


async def test_a_slow_storage_does_not_cost_the_sweep_its_session(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server ends a session that stands still in a transaction: after 20 s, here after half a second.
    monkeypatch.setitem(_SESSION, "idle_in_transaction_session_timeout", "500")
    database = Database(dsn)
    for _ in range(5):
        await ended(database, 31, 8)
    folders = RunFolders("w1", tmp_path)
    sweeper = make_sweeper(database, SlowFiles.load(None, tmp_path), folders)
    [old] = [sweep for sweep in sweeper._sweeps if sweep.name == "old"]
    await old.work()
    left = await remaining(database)
    folders.close()
    await database.close()

    assert left == set()


async def test_an_organisation_goes_with_all_its_jobs(database: Database) -> None:
    _, one = await add_member(database, "ana@x", "One")
    async with database.as_service() as connection:
        first = await add_job(connection, organisation_id=one)
        await add_prerequisites(connection, await add_job(connection, organisation_id=one), [first])
    await change(database, "delete from public.organisations where id = :id", id=one)

    assert await remaining(database) == set()


async def test_a_job_beyond_its_time_is_taken_from_a_worker_that_only_says_it_lives(database: Database) -> None:
    async with database.as_service() as connection:
        id_ = await add_job(connection, max_retries=0)
    await must_claim(database)
    early = await cleanup_stalled_jobs(database, "w2")
    await change(database, "update public.script_jobs set timeout_at = now() - interval '61 seconds'")
    taken = await cleanup_stalled_jobs(database, "w2")

    job = await row(database, id_)
    assert (early, taken) == (0, 1)
    assert (job["status"], job["error_code"]) == ("timed_out", "TIMEOUT")


async def test_yesterdays_answers_and_long_silent_workers_are_forgotten(database: Database) -> None:
    ana, one = await add_member(database, "ana@x", "One")
    for key, age in (("old", "25 hours"), ("new", "23 hours")):
        await change(
            database, "insert into public.script_job_requests (user_id, organisation_id, path, key, digest, status, body, "
            f"created_at) values (:ana, :one, '/', :key, 'd', 202, '{{}}', now() - interval '{age}')",
            ana=ana, one=one, key=key,
        )  # fmt: skip
    await add_worker(database, "dead", alive_s=-90_000)
    await add_worker(database, "silent", alive_s=-60)
    await forget_the_past(database)

    keys = await all_rows(database, "select key from public.script_job_requests")
    workers = await all_rows(database, "select id from public.script_job_workers")
    assert ([found["key"] for found in keys], [found["id"] for found in workers]) == (["new"], ["silent"])


async def test_one_worker_sweeps_and_the_others_do_not(database: Database, tmp_path: Path) -> None:
    await ended(database, 31, 8)
    async with database.as_service() as connection:
        await add_job(connection)
    await must_claim(database, lease_s=-1)
    files = Files.load(None, tmp_path)

    async def sweep() -> tuple[int, int]:
        return await recover_orphaned_jobs(database, "w2"), await cleanup_old_jobs(database, files)

    async with database.as_service() as connection:
        assert await try_lock(connection, "orphaned")
        assert await try_lock(connection, "old")
        while_held = await sweep()

    assert (while_held, await sweep()) == ((0, 0), (1, 1))


def make_sweeper(database: Database, files: Files, folders: RunFolders) -> Sweeper:
    return Sweeper(database=database, files=files, folders=folders, worker_id="w1", lease_s=20, days=30)
