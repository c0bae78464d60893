"""GET /api/jobs for an organisation with 100,000 jobs in a table of 1,000,000, beside one with 100 jobs."""

import asyncio
import time
from pathlib import Path
from statistics import median
from uuid import UUID

from scriptjobs.database import connect
from tests.processes import Api, Portal, start_site

ROUNDS = 150
LIMIT = 2.0
LARGE, SMALL, ALL = 100_000, 100, 1_000_000
QUERIES = (
    "", "status=failed", "status=failed,timed_out", "jobType=create-api-key", "jobType=create-api-key&status=failed",
    "orderBy=updatedAt", "orderBy=startedAt", "orderBy=completedAt&orderDir=asc", "orderBy=priority", "orderBy=status",
    "orderBy=jobType", "since=2026-01-01T00:00:00Z",
)  # fmt: skip
_FILL = """
    insert into public.script_jobs (job_id, organisation_id, job_type, status, created_at, updated_at, started_at,
                                    completed_at, priority, attempt_id)
    select 'BENCH_' || $2::text || n, $1::uuid,
           (array['add-item-tags','create-api-key','setup-services'])[1 + n % 3]::public.script_job_type,
           (array['completed','completed','completed','failed','cancelled','timed_out'])[1 + (n / 3) % 6]::public.script_job_status,
           now() - n * interval '1 minute', now() - n * interval '50 seconds', now() - n * interval '40 seconds',
           now() - n * interval '30 seconds', n % 5, n
    from generate_series(1, $3::integer) n
"""


async def fill(dsn: str, large: UUID, small: UUID) -> None:
    """The table: a large and a small organisation, the rest in nine others."""
    connection = await connect(dsn)
    await connection.execute("truncate public.script_jobs cascade")
    await connection.execute("alter table public.script_jobs disable trigger user")
    for number in range(9):
        name = "insert into public.organisations (name) values ($1) returning id"
        other = await connection.fetchval(name, f"Bench {number}")
        await connection.execute(_FILL, other, f"o{number}_", (ALL - LARGE) // 9, timeout=600)
    await connection.execute(_FILL, large, "l", LARGE, timeout=600)
    await connection.execute(_FILL, small, "s", SMALL, timeout=600)
    await connection.execute("alter table public.script_jobs enable trigger user")
    await connection.execute("vacuum analyze public.script_jobs", timeout=600)
    await connection.close()


def p50_ms(api: Api, query: str) -> float:
    """Of one list, over one connection."""
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        api.get(f"/api/jobs?{query}").raise_for_status()
        took.append((time.perf_counter() - began) * 1_000)
    return median(took[10:])


def run(scratch: Path, dsn: str, portal: Portal) -> None:
    """Print both, and their ratio."""
    with start_site(scratch, dsn, portal, {"WORKERS": "0", "RATE_LIMITS": "off"}) as site:
        large = site.as_user("large@example.com", "Large organisation")
        small = site.as_user("small@example.com", "Small organisation")
        asyncio.run(fill(dsn, large.organisation_id, small.organisation_id))
        print(f"\nGET /api/jobs, {LARGE:,} jobs of {ALL:,} beside {SMALL}")
        for query in QUERIES:
            slow, fast = p50_ms(large, query), p50_ms(small, query)
            verdict = "" if slow / fast <= LIMIT else f"  MORE THAN {LIMIT}"
            print(f"  {query or '(newest first)':<40} p50 {slow:6.2f} / {fast:6.2f} ms  ×{slow / fast:.2f}{verdict}")
