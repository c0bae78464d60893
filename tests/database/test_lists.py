"""Lists: every order and filter gives what was asked for, and reads an index in its order, however long the history."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from scriptjobs.database import Database, connect
from scriptjobs.jobs import Job, JobStatus
from scriptjobs.store.lists import ORDERS, JobFilter, count_jobs, list_jobs
from tests.factories import add_member

pytestmark = pytest.mark.anyio

# An organisation with 100,000 jobs in a table of 1,000,000 would take a minute to make; the plan is the same from here on.
LARGE, OTHERS = 20_000, 20_000
_STATES = "(array['completed','completed','completed','failed','cancelled','timed_out','pending'])[1 + n % 7]"
_TYPES = "(array['add-item-tags','create-api-key','setup-services'])[1 + n % 3]"
_FILL = f"""
    insert into public.script_jobs (job_id, organisation_id, job_type, status, created_at, updated_at, started_at,
                                    completed_at, priority, attempt_id)
    select 'LIST_' || $2 || n, $1, {_TYPES}::public.script_job_type, {_STATES}::public.script_job_status,
           now() - n * interval '1 minute', now() - n * interval '50 seconds',
           case when n % 7 <> 6 then now() - n * interval '40 seconds' end,
           case when n % 7 <> 6 then now() - n * interval '30 seconds' end, n % 5, n
    from generate_series(1, $3::integer) n
"""


@pytest.fixture
async def filled(dsn: str) -> AsyncGenerator[tuple[Database, UUID, UUID]]:
    """A large organisation among others: database, member, organisation."""
    database = Database(dsn)
    user_id, organisation_id = await add_member(database, "ana@x", "Large")
    _, other_id = await add_member(database, "zoe@x", "Other")
    connection = await connect(dsn)
    await connection.execute("alter table public.script_jobs disable trigger user")
    await connection.execute(_FILL, organisation_id, "a", LARGE)
    await connection.execute(_FILL, other_id, "b", OTHERS)
    await connection.execute("alter table public.script_jobs enable trigger user")
    await connection.execute("vacuum analyze public.script_jobs")
    await connection.close()
    yield database, user_id, organisation_id
    await database.close()


def _wanted(organisation_id: UUID) -> list[JobFilter]:
    """Every order in both directions, and every filter of the default order."""
    base = JobFilter(organisation_id=organisation_id)
    orders = [replace(base, order_by=name, descending=way) for name, way in product(ORDERS, (True, False))]
    one, several = (JobStatus.FAILED,), (JobStatus.FAILED, JobStatus.TIMED_OUT)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    filters: list[dict[str, Any]] = [
        {"statuses": one}, {"statuses": several}, {"job_type": "create-api-key"}, {"since": since}, {"offset": 5_000},
        {"job_type": "create-api-key", "statuses": one}, {"job_type": "create-api-key", "statuses": several},
    ]  # fmt: skip
    return orders + [replace(base, **values) for values in filters]


def _key(job: Job, wanted: JobFilter) -> Any:
    return getattr(job, ORDERS[wanted.order_by])


async def test_every_list_is_read_in_the_order_of_an_index(filled: tuple[Database, UUID, UUID]) -> None:
    """No list reads or sorts the whole organisation, which has some 1,500 pages of 8 kB here: a page of a list costs the
    same whatever the history.
    """
    database, user_id, organisation_id = filled
    run: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        run.append((statement, values))

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    for wanted in _wanted(organisation_id):
        async with database.as_caller(user_id) as connection:
            found = await list_jobs(connection, wanted)
            statement, values = run[-1]
            explain = f"explain (analyze, buffers, timing off) {statement}"
            plan = [row[0] for row in await connection.exec_driver_sql(explain, values)]
        [read] = re.findall(r"shared hit=(\d+)", next(line for line in plan if "Buffers" in line))

        assert int(read) <= 400 + wanted.offset // 2, (wanted, plan)
        assert len(found) == 20, wanted


async def test_every_list_is_complete_and_in_order(filled: tuple[Database, UUID, UUID]) -> None:
    database, user_id, organisation_id = filled
    async with database.as_caller(user_id) as connection:
        for wanted in _wanted(organisation_id):
            first = await list_jobs(connection, wanted)
            second = await list_jobs(connection, replace(wanted, offset=wanted.offset + 20))
            keys = [key for job in first + second if (key := _key(job, wanted)) is not None]

            assert len({job.id for job in first + second}) == 40, wanted
            assert all(a >= b if wanted.descending else a <= b for a, b in pairwise(keys)), wanted
            assert {job.organisation_id for job in first} == {organisation_id}
            assert not wanted.statuses or {job.status for job in first} <= set(wanted.statuses)
            assert not wanted.job_type or {job.job_type for job in first} == {wanted.job_type}


async def test_counts_are_exact_up_to_the_cap(filled: tuple[Database, UUID, UUID]) -> None:
    database, user_id, organisation_id = filled
    failed = JobFilter(organisation_id=organisation_id, statuses=(JobStatus.FAILED,))
    either = replace(failed, statuses=(JobStatus.FAILED, JobStatus.TIMED_OUT))
    async with database.as_caller(user_id) as connection:
        counts = [await count_jobs(connection, wanted) for wanted in (failed, either, replace(failed, statuses=()))]

    assert counts == [2_857, 5_714, 10_001]
