"""The three monitoring views: what they count, over which time."""

import pytest

from scriptjobs.database import Database
from tests.factories import add_job, all_rows

pytestmark = pytest.mark.anyio


async def test_metrics_count_the_last_day_by_type(database: Database) -> None:
    async with database.as_service() as connection:
        for status in ("completed", "completed", "failed", "pending", "queued", "cancelled"):
            await add_job(
                connection, status=status, started_at="=now() - interval '10 s'",
                **({"completed_at": "=now()"} if status == "completed" else {}),
            )  # fmt: skip
        await add_job(connection, status="failed", created_at="=now() - interval '25 hours'")
        await add_job(connection, job_type="create-api-key")

    rows = {row["job_type"]: row for row in await all_rows(database, "select * from public.script_jobs_metrics")}

    tags, key = rows["add-item-tags"], rows["create-api-key"]
    assert (tags["completed"], tags["failed"], tags["in_progress"], tags["queued"]) == (2, 1, 0, 2)
    assert str(tags["success_rate_percent"]) == "66.67"
    assert float(tags["average_duration_seconds"]) == 10
    assert key["success_rate_percent"] is None


async def test_the_queue_status_groups_by_type_and_status(database: Database) -> None:
    async with database.as_service() as connection:
        await add_job(connection, created_at="=now() - interval '2 hours'")
        await add_job(connection)
        await add_job(connection, created_at="=now() - interval '2 days'")

    [row] = await all_rows(database, "select * from public.script_jobs_queue_status")

    assert (row["job_type"], row["status"], row["count"]) == ("add-item-tags", "pending", 2)
    assert (row["newest"] - row["oldest"]).total_seconds() == 7_200


async def test_the_failed_summary_lists_what_failed_for_good_this_week(database: Database) -> None:
    async with database.as_service() as connection:
        used_up = await add_job(connection, status="failed", retry_count=3)
        final = await add_job(connection, status="timed_out")
        await add_job(connection, status="pending", retry_count=1, next_retry_at="=now()")
        await add_job(connection, status="completed")
        await add_job(connection, status="failed", created_at="=now() - interval '8 days'")

    rows = await all_rows(database, "select id from public.script_jobs_failed_summary")

    assert {row["id"] for row in rows} == {used_up, final}
