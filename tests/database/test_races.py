"""Two and three actors at the same job at the same moment, in all orders: exactly one outcome, and nobody is misled."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from scriptjobs.database import Connection, Database
from scriptjobs.errors import FenceLost
from scriptjobs.jobs import JobStatus, SealedPayload
from scriptjobs.store.actions import cancel_job, retry_job, run_job_now, stop_job
from scriptjobs.store.claims import claim_next_job
from scriptjobs.store.leases import lock_lapsed
from scriptjobs.store.outcomes import (
    FailedAttempt,
    mark_job_failed,
    release_job,
    update_job_result,
    update_job_status,
)
from tests.factories import TYPES, add_job, change, must_claim, row
from tests.promises import broken_promises

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Running:
    id: UUID
    fence: int


Act = Callable[[Connection, Running], Awaitable[Any]]


async def finish(connection: Connection, job: Running) -> str:
    await update_job_result(
        connection, id_=job.id, fence=job.fence, actor="worker:w1", result={"success": True}, payload=SealedPayload({})
    )
    return "completed"


async def fail(connection: Connection, job: Running) -> str:
    failed = FailedAttempt(code="ETIMEDOUT", message="no answer", retryable=True)
    return await mark_job_failed(connection, id_=job.id, fence=job.fence, failed=failed)


async def release(connection: Connection, job: Running) -> str:
    return await release_job(connection, id_=job.id, fence=job.fence)


async def end_stopped(connection: Connection, job: Running) -> str:
    await update_job_status(connection, id_=job.id, fence=job.fence, status=JobStatus.CANCELLED)
    return "cancelled"


async def stop(connection: Connection, job: Running) -> str | None:
    return (await stop_job(connection, job.id))[0]


async def cancel(connection: Connection, job: Running) -> str | None:
    return (await cancel_job(connection, job.id))[0]


async def retry(connection: Connection, job: Running) -> str | None:
    return (await retry_job(connection, job.id, from_start=False))[0]


async def run_now(connection: Connection, job: Running) -> str | None:
    return (await run_job_now(connection, job.id))[0]


async def claim(connection: Connection, job: Running) -> str | None:
    claimed = await claim_next_job(connection, worker_id="w2", lease_s=20, job_types=TYPES)
    return None if claimed is None else "claimed"


async def rescue(connection: Connection, job: Running) -> str | None:
    lapsed = await lock_lapsed(connection)
    for found in lapsed:
        failed = FailedAttempt(code="WORKER_DIED", message="gone", retryable=True, is_ours=True, outcome="lost")
        await mark_job_failed(connection, id_=found.id, fence=found.fence, failed=failed)
    return "rescued" if lapsed else None


# Each ends an attempt; of several of them, one alone may succeed for one attempt.
ENDS: dict[str, Act] = {
    "finish": finish, "fail": fail, "release": release, "end_stopped": end_stopped, "rescue": rescue,
}  # fmt: skip
ACTORS: dict[str, Act] = {**ENDS, "stop": stop, "cancel": cancel, "retry": retry, "run_now": run_now, "claim": claim}
REFUSED = {None, "refused", "lost"}


async def _play(database: Database, job: Running, names: tuple[str, ...]) -> dict[str, Any]:
    """Each actor acts before the one before it has committed; then they commit in their order."""
    commit = [asyncio.Event() for _ in names]
    acted = [asyncio.Event() for _ in names]
    told: dict[str, Any] = {}

    async def act(place: int, name: str) -> None:
        try:
            async with database.as_service(f"worker:{name}") as connection:
                try:
                    told[name] = await ACTORS[name](connection, job)
                except FenceLost:
                    told[name] = "lost"
                acted[place].set()
                await commit[place].wait()
        finally:
            acted[place].set()

    async def wait_a_little(place: int) -> None:
        try:
            async with asyncio.timeout(0.02):  # one that waits for a lock acts when the holder has committed
                await acted[place].wait()
        except TimeoutError:
            pass

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        tasks = []
        for place, name in enumerate(names):
            tasks.append(group.create_task(act(place, name)))
            await wait_a_little(place)
        for place, task in enumerate(tasks):
            commit[place].set()
            await wait_a_little(place)
            if place + 1 == len(tasks):
                await task
    return told


async def _running(database: Database) -> Running:
    async with database.as_service() as connection:
        await add_job(connection)
    claimed = await must_claim(database)
    await change(database, "update public.script_job_attempts set lease_expires_at = now() - interval '1 second'")
    return Running(claimed.id, claimed.fence)


async def _check(database: Database, job: Running, names: tuple[str, ...]) -> None:
    told = await _play(database, job, names)
    ended = [name for name in names if name in ENDS and told[name] not in REFUSED]
    found = await row(database, job.id)

    assert len(ended) <= 1, (names, told)
    assert await broken_promises(database) == [], (names, told)
    if told.get("stop") == "asked" and told.get("retry") != "retried" and found["status"] != "in_progress":
        assert found["status"] in {"cancelled", "completed"}, (names, told, found["status"])
    await change(database, "delete from public.script_jobs")


@pytest.mark.parametrize("first", ACTORS)
async def test_two_actors_at_a_running_job(database: Database, first: str) -> None:
    for second in set(ACTORS) - {first}:
        await _check(database, await _running(database), (first, second))


@pytest.mark.parametrize("first", ACTORS)
async def test_three_actors_at_a_running_job(database: Database, first: str) -> None:
    for rest in itertools.permutations(sorted(set(ACTORS) - {first}), 2):
        await _check(database, await _running(database), (first, *rest))


async def test_two_and_three_actors_at_a_waiting_job(database: Database) -> None:
    names = ("cancel", "claim", "stop", "run_now", "retry")
    for order in [*itertools.permutations(names, 2), *itertools.permutations(names, 3)]:
        async with database.as_service() as connection:
            id_ = await add_job(connection, run_at="=now() + interval '1 hour'" if "run_now" in order else None)
        await _check(database, Running(id_, 0), order)
