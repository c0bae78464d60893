"""One soak from its start to its verdict: people start, stop, cancel and retry jobs while there is trouble."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tests.soak.deeds import Deeds
from tests.soak.journal import entries
from tests.soak.outages import Outages
from tests.soak.reasons import untrue_reasons
from tests.soak.trouble import Maker, Trouble

SCRIPT, COMMAND = "create-api-key", "setup-services"
# How often each is drawn, in parts: which type, and in which way it goes.
TYPES = {SCRIPT: 70, COMMAND: 30}
WAYS = {"ok": 77, "flaky": 7, "bad": 4, "crash": 4, "deaf": 1, "odd": 7}
DRAIN_S = 300.0
# In a short soak nothing may last long, and nothing is left to time out.
SHORT_S = 60.0


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
    deeds: Deeds
    accepted: list[str]

    async def start(self, number: int, job_type: str, way: str, seconds: float) -> None:
        payload: dict[str, Any] = {"name": f"{number}", "journal": str(self.journal), "seconds": seconds, "way": way}
        payload |= {"seed": random.randrange(1_000_000)} if job_type == COMMAND else {}
        with contextlib.suppress(*DATABASE_ERRORS):  # not accepted: its person was told so
            job = await self.service.create_job(self.caller, job_type, RawPayload(payload))
            self.accepted.append(job.job_id)

    async def act(self) -> None:
        if not self.accepted:
            return
        job_id = random.choice(self.accepted[-40:])
        action = random.choice((self.service.cancel_job, self.service.stop_job, self.service.retry_job))
        if action != self.service.retry_job:
            self.deeds.note("stops asked", job=job_id)  # before: an answer may be lost, and the job stopped
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
        await _shorten_back_off(dsn)
        for crew, jobs, seconds in _phases(scratch, dsn, plan):
            try:
                async with _opened(dsn) as database:
                    await _phase(crew, postgres, database, jobs, seconds)
                async with _opened(dsn) as database:
                    broken += await _judge(crew, database)
            finally:
                crew.close()
            counts += crew.counts + crew.deeds.counts()
        async with _opened(dsn) as database:
            figures = await _figures(database)
    finally:
        postgres.stop()
    told = ", ".join(f"{count} {name}" for name, count in (*figures.items(), *sorted(counts.items())))
    line = f"soak: seed {plan.seed}, {time.monotonic() - began:.0f} s: {told}; {len(broken)} promises broken"
    return Verdict(broken, line)


@asynccontextmanager
async def _opened(dsn: str) -> AsyncGenerator[Database]:
    """Connections without a past: a session that began while the database was read-only stays so."""
    database = Database(dsn)
    try:
        yield database
    finally:
        await database.close()


def _phases(scratch: Path, dsn: str, plan: Plan) -> list[tuple[Crew, int, float]]:
    phases = [(Crew(scratch / "light", dsn), plan.jobs, plan.seconds)]
    if plan.chromium:
        phases.append((Crew(scratch / "chromium", dsn, chromium=True, slots=1), plan.chromium, plan.chromium * 1.5))
    for crew, *_ in phases:
        crew.scratch.mkdir()
        crew.scratch.chmod(0o755)
    return phases


def _makers(crew: Crew, postgres: EmbeddedPostgres, seconds: float) -> list[Maker]:
    """Who makes trouble: one that of workers, one that of the database."""
    if crew.chromium:
        kills = {"kill": 1, "kill_script": 4, "freeze": 1, "pause_machine": 1}
        return [Trouble(crew, kills), Outages(crew, postgres, {"cut": 1, "silence": 2, "pause": 1}, longest_s=8)]
    return [Trouble(crew), Outages(crew, postgres, longest_s=5 if seconds < SHORT_S else 25)]


async def _shorten_back_off(dsn: str) -> None:
    from scriptjobs.database import connect

    connection = await connect(dsn)
    await connection.execute("alter table public.script_jobs alter retry_delay_ms set default 300")
    await connection.close()


async def _phase(crew: Crew, postgres: EmbeddedPostgres, database: Database, jobs: int, seconds: float) -> None:
    people = await _people(crew, database)
    crew.start()
    try:
        makers = _makers(crew, postgres, seconds)
        # Outages last longer and meet all: jobs must come to their end between them.
        pauses = (seconds / 250 + 0.3, seconds / 60 + 0.3)
        making = [asyncio.create_task(maker.run(pause_s)) for maker, pause_s in zip(makers, pauses, strict=True)]
        reviving = asyncio.create_task(_revive(crew))
        await _start_jobs(crew, people, jobs, seconds)
        for maker in makers:
            maker.stop()
        await asyncio.gather(*making)
        await _drain(database)
        reviving.cancel()
    finally:
        await asyncio.to_thread(crew.stop)
    found = {row["job_id"] for row in await all_rows(database, "select job_id from public.script_jobs")}
    crew.counts["jobs accepted"] = len(people.accepted)
    crew.counts["jobs lost"] = len(set(people.accepted) - found)


async def _revive(crew: Crew) -> None:
    """Start again whoever has ended, as whatever supervises a worker does."""
    while True:
        await asyncio.sleep(0.5)
        crew.revive()


async def _people(crew: Crew, database: Database) -> People:
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
    return People(service, Caller(user_id=user_id, organisation_id=organisation_id), journal, crew.deeds, [])


async def _start_jobs(crew: Crew, people: People, jobs: int, seconds: float) -> None:
    """Start them at even times. What an outage has held up is started right after it."""
    # One that is deaf to signals takes all its tries' time to time out: longer than a short soak.
    ways = {"ok": 1} if crew.chromium else {way: share for way, share in WAYS.items() if way != "deaf" or seconds > 60}
    began = time.monotonic()
    for number in range(jobs):
        [job_type] = random.choices([*TYPES], [*TYPES.values()])
        [way] = random.choices([*ways], [*ways.values()])
        await people.start(number, job_type, way, random.choice((0.01, 0.01, 0.05, 1.5)))
        if random.random() < 0.15:
            await people.act()
        await asyncio.sleep(max(0.0, began + seconds * (number + random.random()) / jobs - time.monotonic()))


async def _drain(database: Database) -> None:
    """Wait until everything has come to its end."""
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(*DATABASE_ERRORS):
            open_ = "select 1 from public.script_jobs where status in ('pending', 'queued', 'in_progress') limit 1"
            if not await all_rows(database, open_):
                return
            # Pauses that grow to minutes are no part of what is tested here.
            await change(database, "update public.script_jobs set next_retry_at = now() where next_retry_at > now()")
        await asyncio.sleep(0.5)


async def _judge(crew: Crew, database: Database) -> list[str]:
    """What is wrong with the database, the journal, and what lies about."""
    broken = await broken_promises(database)
    open_ = "select job_id, status::text from public.script_jobs where completed_at is null"
    broken += [f"a job that never ended: {row['job_id']} {row['status']}" for row in await all_rows(database, open_)]
    broken += [f"an accepted job was lost ({crew.counts['jobs lost']})"] * bool(crew.counts.pop("jobs lost"))
    unstopped = crew.counts.pop("workers that did not stop", 0)
    broken += [f"a worker did not stop when it was told to ({unstopped})"] * bool(unstopped)
    journal = entries(crew.scratch / "journal")
    broken += await untrue_reasons(database, str(crew.scratch / "journal"), crew.deeds, journal)
    broken += [f"a process was left: {_describe(pid)}" for pid in _left_by(crew)]
    broken += [f"a folder was left: {path.name}" for disk in crew.runs.iterdir() for path in disk.iterdir()]
    kept = {row["storage_key"] for row in await all_rows(database, "select storage_key from public.script_job_files")}
    broken += [f"a listed picture is gone: {key}" for key in kept if await _is_missing(crew, database, key)]
    crew.counts["late writes refused"] = crew.log_text().count('"event": "job_lost"')
    crew.counts["jobs taken over"] = crew.log_text().count('"event": "job_orphaned"')
    crew.counts["scripts begun"] = sum(len(entry.folders) for entry in journal.values())
    await change(database, "delete from public.script_job_workers")
    return broken


async def _is_missing(crew: Crew, database: Database, key: str) -> bool:
    mine = crew.scratch.name
    owner, *_ = await all_rows(
        database, "select o.name from public.script_job_files f join public.script_jobs j on j.id = f.job_id "
        "join public.organisations o on o.id = j.organisation_id where f.storage_key = :key", key=key,
    )  # fmt: skip
    return owner["name"] == mine and not (crew.files / key).exists()


def _left_by(crew: Crew) -> set[int]:
    """Who works in a folder of a run, or was named after the journal by a command."""
    found: set[int] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_named = str(crew.scratch / "journal") in process.cmdline()
            if process.status() != psutil.STATUS_ZOMBIE and (is_named or Path(process.cwd()).is_relative_to(crew.runs)):
                found.add(process.pid)
    return found


def _describe(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:120]
    except psutil.Error:
        return str(pid)


async def _figures(database: Database) -> dict[str, int]:
    ends = await all_rows(database, "select status::text, count(*) as n from public.script_jobs group by 1 order by 1")
    [attempts] = await all_rows(database, "select count(*) as n from public.script_job_attempts")
    return {row["status"]: row["n"] for row in ends} | {"attempts": attempts["n"]}
