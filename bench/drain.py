"""How many jobs a second go through the queue itself: 5,000 jobs that do nothing, two and ten at once, beside peers."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from cryptography.fernet import Fernet

from scriptjobs.database import Database, connect
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import SealedPayload
from scriptjobs.listener import Listener
from scriptjobs.runner.process import RunnerConfig
from scriptjobs.sealing import Vault
from scriptjobs.store.outcomes import update_job_result
from scriptjobs.worker.execution import Execution
from scriptjobs.worker.worker import Worker, WorkerConfig
from tests.processes import Portal

JOBS = 5_000
AT_ONCE = (2, 10)


async def drain_ours(dsn: str, at_once: int) -> None:
    """The worker with its claim, lease keeper and outcome; only the script is left out."""
    database, listener = Database(dsn, pool_size=at_once + 2), Listener(dsn)
    config = WorkerConfig(
        slots=at_once, warm_runners=0, lease_s=20, poll_s=2, grace_s=0, hosts=(),
        runner=RunnerConfig(job_types_package="portal_scripts", portal_url=""),
    )  # fmt: skip
    worker = Worker(
        config=config, database=database, listener=listener, job_types=JobTypes.load("portal_scripts"),
        vault=Vault([Fernet.generate_key().decode()]), files=Files.load(None, Path(tempfile.mkdtemp())),
    )  # fmt: skip
    left = JOBS

    async def execute(execution: Execution) -> None:
        nonlocal left
        async with database.in_one_statement() as connection:
            await update_job_result(
                connection,
                id_=execution.claim.id,
                fence=execution.claim.fence,
                actor="worker:w1",
                result={},
                payload=SealedPayload({}),
            )
        left -= 1
        if left == 0:
            worker.stop_processing()

    worker._executor.execute_job = execute  # type: ignore[method-assign]
    await worker.run()
    await database.close()


async def fill_ours(dsn: str) -> None:
    """Waiting jobs, with their events."""
    connection = await connect(dsn)
    await connection.execute("truncate public.script_jobs cascade")
    await connection.execute(
        f"insert into public.script_jobs (job_type) select 'add-item-tags' from generate_series(1, {JOBS})"
    )
    await connection.execute("vacuum analyze public.script_jobs")
    await connection.close()


async def fill_bare(dsn: str) -> None:
    """A table of two columns, with an index on what waits."""
    connection = await connect(dsn)
    await connection.execute("drop table if exists bench_bare")
    await connection.execute("create table bench_bare (id bigserial primary key, state text default 'waiting')")
    await connection.execute("create index on bench_bare (id) where state = 'waiting'")
    await connection.execute(f"insert into bench_bare select from generate_series(1, {JOBS})")
    await connection.execute("vacuum analyze bench_bare")
    await connection.close()


async def drain_bare(dsn: str, at_once: int) -> None:
    """The floor: plain connections that take a row with one UPDATE, and set it done with another."""

    async def work() -> None:
        connection = await connect(dsn)
        take = (
            "update bench_bare set state = 'running' where id = (select id from bench_bare where state = 'waiting' "
            "order by id limit 1 for update skip locked) returning id"
        )
        while id_ := await connection.fetchval(take):
            await connection.execute("update bench_bare set state = 'done' where id = $1", id_)
        await connection.close()

    await asyncio.gather(*(work() for _ in range(at_once)))


async def fill_procrastinate(dsn: str) -> None:
    """Its schema, and its jobs by its own batch."""
    app, task = _procrastinate(dsn)
    async with app.open_async():
        connection = await connect(dsn)
        if not await connection.fetchval("select to_regclass('public.procrastinate_jobs')"):
            await app.schema_manager.apply_schema_async()
        await connection.execute("truncate procrastinate_jobs cascade")
        await task.batch_defer_async(*({} for _ in range(JOBS)))
        await connection.execute("vacuum analyze procrastinate_jobs")
        await connection.close()


async def drain_procrastinate(dsn: str, at_once: int) -> None:
    """Its worker, until the queue is empty."""
    app, _ = _procrastinate(dsn)
    async with app.open_async():
        await app.run_worker_async(concurrency=at_once, wait=False, listen_notify=False, install_signal_handlers=False)


def _procrastinate(dsn: str):
    import procrastinate  # type: ignore[import-not-found]

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))

    @app.task(name="nothing")
    async def nothing() -> None:
        return

    return app, nothing


async def fill_pgqueuer(dsn: str) -> None:
    """Its schema, and its jobs by its own batch."""
    from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found]
    from pgqueuer.queries import Queries  # type: ignore[import-not-found]

    connection = await connect(dsn)
    queries = Queries(AsyncpgDriver(connection))
    if not await connection.fetchval("select to_regclass('public.pgqueuer')"):
        await queries.install()
    await queries.enqueue(["nothing"] * JOBS, [None] * JOBS, [0] * JOBS)
    await connection.execute("vacuum analyze pgqueuer")
    await connection.close()


async def drain_pgqueuer(dsn: str, _at_once: int) -> None:
    """In its own batches of ten; it has no smaller setting that means the same."""
    from pgqueuer import QueueManager  # type: ignore[import-not-found]
    from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found]
    from pgqueuer.queries import Queries  # type: ignore[import-not-found]
    from pgqueuer.types import QueueExecutionMode  # type: ignore[import-not-found]

    connection = await connect(dsn)
    manager = QueueManager(Queries(AsyncpgDriver(connection)))

    @manager.entrypoint("nothing")
    async def nothing(_job: object) -> None:
        return

    await manager.run(mode=QueueExecutionMode.drain, batch_size=10)
    await connection.close()


Step = Callable[[str], Coroutine[Any, Any, None]]
PEERS: dict[str, tuple[Step, Callable[[str, int], Coroutine[Any, Any, None]], tuple[int, ...]]] = {
    "a bare claim-and-done loop (the floor)": (fill_bare, drain_bare, AT_ONCE),
    "this queue": (fill_ours, drain_ours, AT_ONCE),
    "Procrastinate": (fill_procrastinate, drain_procrastinate, AT_ONCE),
    "PGQueuer, batches of 10": (fill_pgqueuer, drain_pgqueuer, (10,)),
}


def run(_scratch: Path, dsn: str, _portal: Portal) -> None:
    """Print jobs a second, and each as a share of the floor."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    print(f"\nDrain of {JOBS:,} jobs that do nothing")
    floor: dict[int, float] = {}
    for name, (fill, drain, sizes) in PEERS.items():
        for at_once in sizes:
            uvloop.run(fill(dsn))
            began = time.perf_counter()
            uvloop.run(_timed(drain, dsn, at_once))
            rate = JOBS / (time.perf_counter() - began)
            floor.setdefault(at_once, rate)
            print(f"  {name:<44} {at_once:>2} at once  {rate:8,.0f}/s  {rate / floor[at_once]:5.2f} of the floor")


async def _timed(drain: Callable[[str, int], Coroutine[Any, Any, None]], dsn: str, at_once: int) -> None:
    async with asyncio.timeout(180):
        await drain(dsn, at_once)
