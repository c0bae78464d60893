"""POST /api/jobs at 20 requests a second for 30 s, beside a bare INSERT … RETURNING at the same rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from bench.report import show
from scriptjobs.database import connect
from tests.processes import Portal, start_portal, start_site, tags_payload

RATE, SECONDS = 20, 30
INSERT = "insert into bench_floor (payload) values ($1) returning id, created_at"


async def at_rate(send: Callable[[], Awaitable[None]]) -> list[float]:
    """The latency of each request in ms, from the moment at which it was due: a late start counts as latency."""
    taken: list[float] = []

    async def one(due: float) -> None:
        await asyncio.sleep(max(0, due - time.perf_counter()))
        await send()
        taken.append((time.perf_counter() - due) * 1_000)

    begin = time.perf_counter() + 0.2
    async with asyncio.TaskGroup() as group:
        for number in range(RATE * SECONDS):
            group.create_task(one(begin + number / RATE))
    return taken


async def bare(dsn: str) -> list[float]:
    """The floor."""
    connection = await connect(dsn)
    await connection.execute(
        "create table if not exists bench_floor (id bigserial primary key, payload jsonb, created_at timestamptz default now())"
    )
    lock = asyncio.Lock()

    async def send() -> None:
        async with lock:
            await connection.fetchrow(INSERT, '{"a": 1}')

    try:
        return await at_rate(send)
    finally:
        await connection.close()


async def posts(address: str, token: str) -> list[float]:
    """The API."""
    async with httpx2.AsyncClient(base_url=address, headers={"Authorization": token}, trust_env=False) as client:
        # The sandbox has one restaurant that all these jobs find.
        body = {"jobType": "add-item-tags", "payload": tags_payload(), "allowDuplicate": True}

        async def send() -> None:
            answer = await client.post("/api/jobs", json=body)
            answer.raise_for_status()

        for _ in range(10):
            await send()
        return await at_rate(send)


def run(scratch: Path, dsn: str, _portal: Portal) -> None:
    """Idle, and while two jobs run in Chromium."""
    rows = {"bare INSERT … RETURNING": asyncio.run(bare(dsn))}
    cases = (
        ("POST /api/jobs, no job running", "0", "0"),
        ("… two jobs in Chromium, portal as slow as real", "2", "1"),
        ("… two jobs in Chromium, portal without delays", "2", "0"),
    )
    for name, workers, delay in cases:
        settings = {"WORKERS": workers, "JOB_TYPES_PACKAGE": "portal_scripts", "TMPDIR": ""}
        with start_portal(scratch, delay) as at, start_site(scratch, dsn, at, settings) as site:
            api = site.as_user()
            rows[name] = asyncio.run(posts(site.address, api.headers["authorization"]))

        async def clean() -> None:
            connection = await connect(dsn)
            await connection.execute("delete from script_jobs")
            await connection.close()

        asyncio.run(clean())
    show(f"Accepting a job, {RATE} a second for {SECONDS} s", rows)
