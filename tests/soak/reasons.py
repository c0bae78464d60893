"""One more promise: no job was given a reason that is not true. The soak knows what it did to each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scriptjobs.database import Database
from tests.factories import all_rows
from tests.soak.deeds import Deeds
from tests.soak.journal import Entry, overlaps

# How long the end of a trouble works on: time limits of statements, pauses before the next try.
AFTER_S = 20.0
# Who was killed before it was heard of again died with its job, for all that anybody can know.
HEARD_S = 30.0
DATABASE = frozenset(
    {
        "connections cut", "lines silent", "tables locked", "databases killed", "databases paused", "databases read-only",
    }
)  # fmt: skip
PAUSED = frozenset({"machines paused"})
FROZEN = PAUSED | {"workers frozen"}
STOPPED = frozenset({"updates", "last stop"})
DEAD = frozenset({"workers killed"})
FILES = frozenset({"disks full", "run folders removed", "file faults"})
# What a script says of itself, by what it was told to do.
OWN_WORDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "flaky": (("ETIMEDOUT", "^not yet$"),),
    "bad": (("VALIDATION_ERROR", "^bad$"), ("AUTH_FAILED", "exit status 1 .*Login failed - not redirected"),),
    "crash": (("UNKNOWN_ERROR", "exit status 3 and gave no result"),),
    # What it printed or reported is wrong, or says that it failed; each in words about the script.
    "odd": (
        ("VALIDATION_ERROR|UNKNOWN_ERROR", r"^The (script|printed result)\b"), ("UNKNOWN_ERROR", "^(no|twice)$"),
    ),
}  # fmt: skip
ALWAYS_FAILS, NEVER_ENDS = {"bad"}, {"deaf"}
# What is told of our own trouble, and the deeds of which one must have been done.
OUR_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("disk .*(is|was) full", frozenset({"disks full"})),
    ("folder .*(deleted|missing)", frozenset({"run folders removed"})),
    ("the database did not answer|The database did not answer", DATABASE),
    ("this machine stood still", FROZEN | DATABASE),
    ("something did not answer or could not be opened", FILES),
    ("Our machine stopped in the middle|The worker lost this job", DEAD | FROZEN | STOPPED | DATABASE),
)
NO_RETRY = re.compile(r"Its worker stopped (\d+) times")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt with what is known of its job. Times are seconds of the database's clock, `limit_s` is the job's."""

    job: str
    name: str
    way: str
    number: int
    outcome: str
    code: str | None
    message: str
    worker: int
    began: float
    ended: float
    limit_s: float
    result: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.job} ({self.way}) attempt {self.number}: {self.outcome} {self.code or ''} {self.message[:200]}"


_ATTEMPTS = """
    select j.job_id as job, j.input_payload ->> 'name' as name, j.input_payload ->> 'way' as way, a.number, a.outcome,
           a.error_code as code, coalesce(a.error_message, '') as message,
           substring(a.worker_id from '-(\\d+)-[0-9a-f]+$')::integer as worker,
           extract(epoch from a.started_at)::float as began, extract(epoch from a.ended_at)::float as ended,
           j.timeout_ms / 1000.0::float as limit_s,
           case when a.outcome = 'completed' and j.status = 'completed' then j.result end as result
    from public.script_jobs j join public.script_job_attempts a on a.job_id = j.id
    where j.input_payload ->> 'journal' = :journal and a.ended_at is not null order by j.id, a.number
"""
_ENDED = """
    select job_id, status::text, error_code, coalesce(error_message, '') as error_message
    from public.script_jobs where input_payload ->> 'journal' = :journal and status in ('cancelled', 'failed')
"""


async def untrue_reasons(database: Database, journal: str, deeds: Deeds, entries: Mapping[str, Entry]) -> list[str]:
    """One line for each reason that does not follow from what was done; empty when all were true."""
    attempts = [Attempt(**row) for row in await all_rows(database, _ATTEMPTS, journal=journal)]
    judge = Judge(deeds, entries, attempts)
    reasons = [
        f"a reason that is not true ({why}): {attempt}{judge.story(attempt.job)}"
        for attempt in attempts if (why := judge.find(attempt))
    ]  # fmt: skip
    ends = [
        f"an end that is not true ({why}): {row['job_id']} {row['error_message'][:200]}{judge.story(row['job_id'])}"
        for row in await all_rows(database, _ENDED, journal=journal)
        if (why := judge.find_end(row["job_id"], row["status"], row["error_message"]))
    ]  # fmt: skip
    twice = [
        f"ran twice at once: {name} {judge.story_of(name, moment, holders)}"
        for name, moment, holders in overlaps(Path(journal)) if not judge.was_paused(name, moment)
    ]  # fmt: skip
    return reasons + ends + twice


@dataclass
class Judge:
    """Judges attempts and ends by what was done."""

    deeds: Deeds
    entries: Mapping[str, Entry]
    attempts: list[Attempt]

    def find(self, attempt: Attempt) -> str:
        """What is not true of an attempt's outcome; empty when nothing is."""
        match attempt.outcome:
            case "completed":
                return self._of_success(attempt)
            case "cancelled":
                return "" if self._was_asked(attempt.job) else "nobody asked to stop it"
            case "released" | "lost" if attempt.code in {None, "WORKER_DIED"}:
                return self._of_ours(attempt)
            case "timed_out" | "lost" if attempt.code == "TIMEOUT":
                return self._of_time(attempt)
            case "failed":
                return self._of_failure(attempt)
            case _:
                return "no such outcome"

    def find_end(self, job: str, status: str, message: str) -> str:
        """What is not true of how a job ended."""
        if status == "cancelled":
            return "" if self._was_asked(job) else "nobody cancelled it"
        mine = [attempt for attempt in self.attempts if attempt.job == job]
        if told := NO_RETRY.search(message):
            lost = [replace(attempt, ended=attempt.ended + HEARD_S) for attempt in mine if attempt.outcome == "lost"]
            died = len({attempt.worker for attempt in lost if self._did(DEAD, attempt)})
            return "" if died >= int(told[1]) else f"{died} workers died with it"
        if message.startswith("It was handed from worker to worker"):
            handed = sum(attempt.outcome == "released" and not attempt.code for attempt in mine)
            return "" if handed > 3 else f"it was handed back {handed} times"
        return ""

    def was_paused(self, name: str, moment: float) -> bool:
        """Whether a machine that had the job stood still: what it holds is freed when it goes on and finds its lease
        lapsed, and may be a moment behind the beginning elsewhere.
        """
        mine = [attempt for attempt in self.attempts if attempt.name == name and attempt.began < moment]
        return any(self._did(PAUSED, replace(attempt, ended=moment), 1.0) for attempt in mine)

    def story_of(self, name: str, moment: float, holders: str) -> str:
        """The story of the job that has this name in the journal, and met at `moment` that others held its file."""
        mine = [attempt for attempt in self.attempts if attempt.name == name]
        if not mine:
            return holders
        met = f"({mine[0].way}) at {moment - mine[0].began:+.1f} s, held by {holders}"
        return met + self.story(mine[0].job)

    def story(self, job: str) -> str:
        """What happened to a job, and beside it to its workers: one line each."""
        mine = [attempt for attempt in self.attempts if attempt.job == job]
        if not mine:
            return ""
        first, workers = mine[0].began, {attempt.worker for attempt in mine}
        near = self.deeds.between(first, mine[-1].ended, None, AFTER_S)
        folders = " ".join(self.entries.get(mine[0].name, Entry()).folders)
        deeds = near + [deed for deed in self.deeds.done if deed.worker in workers or deed.job == job]
        lines = [
            (deed.began, f"{deed.name} {deed.worker or ''} {deed.ended - deed.began:.1f} s {deed.folder}")
            for deed in deeds
        ]
        lines += [
            (attempt.began, f"attempt {attempt.number} at worker {attempt.worker}: {attempt.ended - attempt.began:.1f} s, "
             f"{attempt.outcome} {attempt.message[:80]}") for attempt in mine
        ]  # fmt: skip
        lines.append((first, f"began in {folders}"))
        return "".join(f"\n        {began - first:+.1f} s  {line}" for began, line in sorted(lines))

    def _was_asked(self, job: str) -> bool:
        return any(deed.job == job for deed in self.deeds.done)

    def _did(self, names: frozenset[str], attempt: Attempt, after_s: float = AFTER_S) -> bool:
        found = self.deeds.between(attempt.began, attempt.ended, attempt.worker, after_s)
        return any(deed.name in names for deed in found)

    def _of_success(self, attempt: Attempt) -> str:
        if attempt.way in ALWAYS_FAILS | NEVER_ENDS:
            return "it never succeeds"
        if not self.entries.get(attempt.name, Entry()).ends:
            return "it never came to its end"
        if attempt.way == "ok" and (attempt.result or {}).get("unverified"):
            return "it printed its result"
        return ""

    def _of_time(self, attempt: Attempt) -> str:
        if attempt.way not in NEVER_ENDS:
            return "it had time enough"
        return "" if attempt.ended - attempt.began >= attempt.limit_s - 1 else "its time was not over"

    def _of_ours(self, attempt: Attempt) -> str:
        if attempt.outcome == "released" and attempt.code is None:
            return "" if self._did(STOPPED, attempt) else "its worker was not stopped"
        if NO_RETRY.search(attempt.message):
            return ""  # judged with the job's end
        for words, deeds in OUR_WORDS:
            if re.search(words, attempt.message):
                return "" if self._did(deeds, attempt) else "nothing of the kind was done"
        return "no such words are known"

    def _of_failure(self, attempt: Attempt) -> str:
        for code, words in OWN_WORDS.get(attempt.way, ()):
            if re.fullmatch(code, attempt.code or "") and re.search(words, attempt.message):
                return ""
        if attempt.code == "BROWSER_CRASHED" and self._was_killed(attempt):
            return ""
        return "nothing was done that it could come from"

    def _was_killed(self, attempt: Attempt) -> bool:
        """Whether a process of this very run was killed; before its first word the journal does not know the run."""
        killed = {
            deed.folder
            for deed in self.deeds.between(attempt.began, attempt.ended, attempt.worker, 2.0)
            if deed.name == "scripts killed"
        }
        others = {folder for name, entry in self.entries.items() if name != attempt.name for folder in entry.folders}
        return bool(killed - others)
