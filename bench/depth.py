"""Whether a claim costs more when there is much history, or a long queue: it must not."""

import asyncio
import time
from pathlib import Path
from statistics import median

from scriptjobs.database import Database, connect
from scriptjobs.store.claims import claim_next_jobs
from tests.processes import Portal

ROUNDS = 1_000
LIMIT = 1.3

_FINISHED = (
    "insert into public.script_jobs (job_id, job_type, status, started_at, completed_at, created_at) select "
    "'BENCH_' || n, 'add-item-tags', 'completed', now(), now(), now() - n * interval '1 second' "
    "from generate_series({0}, {1}) n"
)
# What each long queue waits for; one job that may run stands behind all of them.
QUEUES = {
    "100,000 waiting that may run": "select 'add-item-tags'",
    "100,000 waiting for next week": "select 'add-item-tags', now() + interval '7 days'",
    "100,000 waiting for one portal account": "select 'add-item-tags', null, 'busy', 1",
}


async def measure(dsn: str) -> dict[str, float]:
    """Milliseconds of one claim, by what lies in the table: the median, in a transaction that is rolled back."""
    connection = await connect(dsn)
    database = Database(dsn)
    found: dict[str, float] = {}
    await connection.execute("truncate public.script_jobs cascade")
    # Triggers write events, which are not what is measured here.
    await connection.execute("alter table public.script_jobs disable trigger user")
    await connection.execute("insert into public.script_jobs (job_type, created_at) values ('add-item-tags', now())")
    found["an empty table"] = await _claim_ms(database, connection)
    for low, high in ((1, 100_000), (100_001, 1_000_000)):
        await connection.execute(_FINISHED.format(low, high), timeout=600)
        found[f"{high:,} finished"] = await _claim_ms(database, connection)
    await connection.execute("truncate public.script_jobs cascade")
    for name, rows in QUEUES.items():
        await connection.execute(
            "insert into public.script_jobs "
            "(job_type, run_at, concurrency_key, concurrency_limit, held_by, job_id, created_at) "
            f"select t.*, 'BENCH_' || n, now() - interval '1 day' from generate_series(1, 100000) n, lateral ({_row(rows)}) t"
        )
        if "account" in name:
            await connection.execute(
                "insert into public.script_jobs (job_type, status, attempt_id, concurrency_key) "
                "values ('add-item-tags', 'in_progress', 0, 'busy')"
            )
        await connection.execute(
            "insert into public.script_jobs (job_type, created_at) values ('add-item-tags', now())"
        )
        found[name] = await _claim_ms(database, connection)
        await connection.execute("truncate public.script_jobs cascade")
    await connection.execute("alter table public.script_jobs enable trigger user")
    await connection.close()
    await database.close()
    return found


def _row(rows: str) -> str:
    """All columns of a queue's rows: those that wait stand beside the line, as the claim has put them."""
    parts = [part.strip() for part in rows.removeprefix("select ").split(",", 3)]
    parts += ["null", "null", "2"][len(parts) - 1 :]
    held = "'time'" if "interval" in rows else "'key:1:busy'" if "busy" in rows else "null"
    kind, run_at, key, limit = parts
    return (
        f"select {kind}::public.script_job_type, ({run_at})::timestamptz, {key}::text, {limit}::integer, {held}::text"
    )


async def _claim_ms(database: Database, connection: object) -> float:
    await connection.execute("vacuum analyze public.script_jobs", timeout=600)  # type: ignore[attr-defined]
    took: list[float] = []
    async with database._engine.connect() as claimer:
        for _ in range(ROUNDS):
            await claimer.begin()
            began = time.perf_counter()
            claims = await claim_next_jobs(
                claimer, worker_id="bench", lease_s=20, job_types=["add-item-tags"], share=0, wanted=1
            )
            took.append((time.perf_counter() - began) * 1_000)
            assert len(claims.jobs) == 1
            await claimer.rollback()
    return median(took)


def run(_scratch: Path, dsn: str, _portal: Portal) -> None:
    """Print each, and its ratio to the empty table."""
    found = asyncio.run(measure(dsn))
    floor = next(iter(found.values()))
    print("\nOne claim, by what lies in the table")
    for name, took in found.items():
        verdict = "" if took / floor <= LIMIT else f"  MORE THAN {LIMIT}"
        print(f"  {name:<44} p50 {took:6.2f} ms  ×{took / floor:.2f}{verdict}")
