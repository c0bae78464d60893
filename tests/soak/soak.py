"""One soak from its start to its verdict: people start, stop, cancel and retry jobs while there is trouble."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
from cryptography.fernet import Fernet

from scriptjobs.database import DATABASE_ERRORS, Database, migrate
from scriptjobs.embedded import EmbeddedPostgres
from scriptjobs.errors import RequestRefused
from scriptjobs.files import Files
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import RawPayload
from scriptjobs.sealing import Vault
from scriptjobs.service import Caller, ScriptJobService
from scriptjobs.settings import Settings
from tests.factories import add_member, all_rows, change
from tests.promises import broken_promises
from tests.soak.crew import Crew
from tests.soak.journal import overlaps, runs
from tests.soak.trouble import WEIGHTS, Trouble

WAYS = {"ok": 80, "flaky": 8, "bad": 4, "crash": 6, "deaf": 2}
DRAIN_S = 150.0


@dataclass(frozen=True)
class Plan:
    """How long, how much, and by which chance."""

    seconds: float
    jobs: int
    chromium: int
    seed: int


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    broken: list[str]
    closing_line: str


@dataclass
class People:
    """Somebody who starts jobs, and now and then stops, cancels or retries one."""

    service: ScriptJobService
    caller: Caller
    journal: Path
    accepted: list[str]

    async def start(self, number: int, way: str, seconds: float) -> None:
        payload = {"name": f"{number}", "journal": str(self.journal), "seconds": seconds, "way": way}
        with contextlib.suppress(*DATABASE_ERRORS):  # not accepted: its person was told so
            job = await self.service.create_job(self.caller, "create-api-key", RawPayload(payload))
            self.accepted.append(job.job_id)

    async def act(self) -> None:
        if not self.accepted:
            return
        job_id = random.choice(self.accepted[-40:])
        action = random.choice((self.service.cancel_job, self.service.stop_job, self.service.retry_job))
        with contextlib.suppress(RequestRefused, *DATABASE_ERRORS):
            await action(self.caller, job_id)


async def soak(scratch: Path, plan: Plan) -> Verdict:
    """The light jobs, then those in a real browser; both end in the same questions."""
    began = time.monotonic()
    postgres = EmbeddedPostgres(var_dir=scratch / "postgres")
    dsn = postgres.start()
    counts: Counter[str] = Counter()
    broken: list[str] = []
    try:
        await migrate(dsn)
        # Back-offs of a tenth: time in which nothing happens proves nothing.
        database = Database(dsn)
        await _shorten_back_off(dsn)
        for crew, jobs, seconds, weights in _phases(scratch, dsn, plan):
            await _phase(crew, postgres, database, jobs, seconds, weights)
            broken += await _judge(crew, database)
            counts += crew.counts
        figures = await _figures(database, scratch)
        await database.close()
    finally:
        postgres.stop()
    told = ", ".join(f"{count} {name}" for name, count in (*figures.items(), *sorted(counts.items())))
    line = f"soak: seed {plan.seed}, {time.monotonic() - began:.0f} s: {told}; {len(broken)} promises broken"
    return Verdict(broken, line)


def _phases(scratch: Path, dsn: str, plan: Plan) -> list[tuple[Crew, int, float, dict[str, int]]]:
    phases = [(Crew(scratch / "light", dsn), plan.jobs, plan.seconds, WEIGHTS)]
    if plan.chromium:
        kills = {"kill": 1, "kill_script": 4, "freeze": 1}
        phases.append(
            (Crew(scratch / "chromium", dsn, chromium=True, slots=1), plan.chromium, plan.chromium * 1.5, kills)
        )
    for crew, *_ in phases:
        crew.scratch.mkdir()
        crew.scratch.chmod(0o755)
    return phases


async def _shorten_back_off(dsn: str) -> None:
    from scriptjobs.database import connect

    connection = await connect(dsn)
    await connection.execute("alter table public.script_jobs alter retry_delay_ms set default 300")
    await connection.close()


async def _phase(
    crew: Crew, postgres: EmbeddedPostgres, database: Database, jobs: int, seconds: float, weights: dict[str, int]
) -> None:
    user_id, organisation_id = await add_member(database, "ana@example.com", crew.scratch.name)
    (crew.scratch / "var").mkdir()
    key = Fernet.generate_key().decode()
    (crew.scratch / "var" / "secrets.key").write_text(key)
    journal = crew.scratch / "journal"
    journal.mkdir()
    service = ScriptJobService(
        database=database, job_types=JobTypes.load("tests.soak.job_types"), vault=Vault([key]),
        files=Files.load(f"file://{crew.files}", crew.scratch),
        settings=Settings.model_validate({"queue_limit_per_organisation": 100_000}),
    )  # fmt: skip
    # One that is deaf to signals takes all its tries' time to time out: longer than a short soak.
    ways = {"ok": 1} if crew.chromium else {way: share for way, share in WAYS.items() if way != "deaf" or seconds > 60}
    people = People(service, Caller(user_id=user_id, organisation_id=organisation_id), journal, [])
    crew.start()
    try:
        trouble = asyncio.create_task(Trouble(crew, postgres, weights).run(pause_s=seconds / 250 + 0.3))
        for number in range(jobs):
            way = random.choices([*ways], [*ways.values()])[0]
            await people.start(number, way, random.choice((0.01, 0.01, 0.05, 1.5)))
            if random.random() < 0.15:
                await people.act()
            await asyncio.sleep(seconds / jobs * random.uniform(0.2, 1.5))
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        # What was begun by the trouble is brought to its end by it, beside us.
        await asyncio.sleep(8)
        await _drain(database)
    finally:
        await asyncio.to_thread(crew.stop)
    found = {row["job_id"] for row in await all_rows(database, "select job_id from public.script_jobs")}
    crew.counts["jobs accepted"] = len(people.accepted)
    crew.counts["jobs lost"] = len(set(people.accepted) - found)


async def _drain(database: Database) -> None:
    """Wait until everything has come to its end."""
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(*DATABASE_ERRORS):
            open_ = "select 1 from public.script_jobs where status in ('pending', 'queued', 'in_progress') limit 1"
            if not await all_rows(database, open_):
                return
        await asyncio.sleep(0.5)


async def _judge(crew: Crew, database: Database) -> list[str]:
    """What is wrong with the database, the journal, and what lies about."""
    broken = await broken_promises(database)
    open_ = "select job_id, status::text from public.script_jobs where completed_at is null"
    broken += [f"a job that never ended: {row['job_id']} {row['status']}" for row in await all_rows(database, open_)]
    broken += [f"ran twice at once: {name}" for name in overlaps(crew.scratch / "journal")]
    broken += [f"an accepted job was lost ({crew.counts['jobs lost']})"] * bool(crew.counts.pop("jobs lost"))
    unstopped = crew.counts.pop("workers that did not stop", 0)
    broken += [f"a worker did not stop when it was told to ({unstopped})"] * bool(unstopped)
    broken += [f"a process was left: {_describe(pid)}" for pid in _working_in(crew.runs)]
    broken += [f"a folder was left: {path.name}" for path in crew.runs.iterdir()]
    kept = {row["storage_key"] for row in await all_rows(database, "select storage_key from public.script_job_files")}
    broken += [f"a listed picture is gone: {key}" for key in kept if await _is_missing(crew, database, key)]
    crew.counts["late writes refused"] = crew.log_text().count('"event": "job_lost"')
    crew.counts["jobs taken over"] = crew.log_text().count('"event": "job_orphaned"')
    crew.counts["scripts begun"] = runs(crew.scratch / "journal")
    await change(database, "delete from public.script_job_workers")
    return broken


async def _is_missing(crew: Crew, database: Database, key: str) -> bool:
    mine = crew.scratch.name
    [owner] = await all_rows(
        database, "select o.name from public.script_job_files f join public.script_jobs j on j.id = f.job_id "
        "join public.organisations o on o.id = j.organisation_id where f.storage_key = :key", key=key,
    )  # fmt: skip
    return owner["name"] == mine and not (crew.files / key).exists()


def _working_in(folder: Path) -> set[int]:
    found: set[int] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.add(process.pid)
    return found


def _describe(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:120]
    except psutil.Error:
        return str(pid)


async def _figures(database: Database, _scratch: Path) -> dict[str, int]:
    ends = await all_rows(database, "select status::text, count(*) as n from public.script_jobs group by 1 order by 1")
    [attempts] = await all_rows(database, "select count(*) as n from public.script_job_attempts")
    return {row["status"]: row["n"] for row in ends} | {"attempts": attempts["n"]}
