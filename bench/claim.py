"""From the commit of an INSERT to the claim by an idle worker, as another listener hears of both."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from bench.report import show
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

ROUNDS = 200


async def measure(dsn: str) -> tuple[list[float], list[float]]:
    """Milliseconds of a bare claim (the floor), and of the worker's."""
    database, listener = Database(dsn), Listener(dsn)
    config = WorkerConfig(
        slots=2, warm_runners=0, lease_s=20, poll_s=2, grace_s=0, hosts=(),
        runner=RunnerConfig(job_types_package="portal_scripts", portal_url=""),
    )  # fmt: skip
    worker = Worker(
        config=config, database=database, listener=listener, job_types=JobTypes.load("portal_scripts"),
        vault=Vault([Fernet.generate_key().decode()]), files=Files.load(None, Path(tempfile.mkdtemp())),
    )  # fmt: skip
    claimed: asyncio.Queue[float] = asyncio.Queue()

    async def execute(execution: Execution) -> None:
        """Only the script is left out: the claim is the real one, and so is its outcome."""
        claimed.put_nowait(time.perf_counter())
        async with database.as_service() as connection:
            await update_job_result(
                connection,
                id_=execution.claim.id,
                fence=execution.claim.fence,
                actor="worker:w1",
                result={},
                payload=SealedPayload({}),
            )

    worker._executor.execute_job = execute  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listener.run())
        working = group.create_task(worker.run())
        connection = await connect(dsn)
        floor, claims = await _bare_claims(dsn, connection), []
        for _ in range(ROUNDS):
            await asyncio.sleep(0.02)  # idle again
            await connection.execute("insert into script_jobs (job_type) values ('add-item-tags')")
            committed = time.perf_counter()
            claims.append((await claimed.get() - committed) * 1_000)
        worker.stop_processing()
        await working
        listening.cancel()
        await connection.close()
    await database.close()
    return floor, claims


async def _bare_claims(dsn: str, sender: Any) -> list[float]:
    """The floor: a plain connection that hears of a row and takes it with one UPDATE, and nothing around it."""
    await sender.execute(
        "create table if not exists bench_queue (id bigserial primary key, taken boolean default false)"
    )
    heard: asyncio.Queue[None] = asyncio.Queue()
    receiver, taker = await connect(dsn), await connect(dsn)
    await receiver.add_listener("bench", lambda *_: heard.put_nowait(None))
    taken: list[float] = []
    for _ in range(ROUNDS):
        await sender.execute("insert into bench_queue default values; notify bench")
        committed = time.perf_counter()
        await heard.get()
        await taker.execute(
            "update bench_queue set taken = true where id = "
            "(select id from bench_queue where not taken order by id limit 1 for update skip locked)"
        )
        taken.append((time.perf_counter() - committed) * 1_000)
    await receiver.close()
    await taker.close()
    return taken


def run(_scratch: Path, dsn: str, _portal: Portal) -> None:
    """Print both."""
    floor, claims = asyncio.run(measure(dsn))
    show(
        "From commit to claim by an idle worker",
        {"a bare claim, woken by NOTIFY": floor, "claimed (in the worker's hands)": claims},
    )
