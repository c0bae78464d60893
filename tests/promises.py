"""The promises of the queue as questions to its database: what they find is broken."""

from sqlalchemy import text

from scriptjobs.database import Database
from scriptjobs.jobs import LEGAL_MOVES

_LEGAL = [f"{before.value}>{after.value}" for before, moves in LEGAL_MOVES.items() for after in moves]

# Each question answers with the job and what is wrong with it. An attempt is one run of the script.
QUESTIONS = {
    "a move that is not legal, or does not begin where the last one ended": """
        select job_id, said from (
            select e.job_id, coalesce(lag(data ->> 'status') over mine, '') as was, data ->> 'from' as before,
                   coalesce(data ->> 'from', '') || '>' || (data ->> 'status') as said
            from public.script_job_events e where kind = 'status' window mine as (partition by job_id order by id)
        ) m where coalesce(before, '') <> was or (was <> '' and said <> all (:legal))
    """,
    "the status differs from the last move": """
        select j.id, j.status || ' but told ' || last.status from public.script_jobs j cross join lateral (
            select data ->> 'status' as status from public.script_job_events e
            where e.job_id = j.id and kind = 'status' order by e.id desc limit 1) last
        where last.status <> j.status::text
    """,
    "two attempts at the same time": """
        select a.job_id, a.number || ' and ' || b.number from public.script_job_attempts a
        join public.script_job_attempts b on b.job_id = a.job_id and b.number > a.number
        where coalesce(a.ended_at, 'infinity') > b.started_at
    """,
    "attempts are not numbered one by one, or do not add up": """
        select j.id, j.attempt_count || ' but ' || count(a.id) from public.script_jobs j
        left join public.script_job_attempts a on a.job_id = j.id
        group by j.id having count(a.id) <> j.attempt_count or coalesce(max(a.number), 0) <> j.attempt_count
    """,
    "an open attempt of a job that does not run, or none of one that does": """
        select j.id, j.status::text from public.script_jobs j
        where (j.status = 'in_progress') <> exists (
            select from public.script_job_attempts a
            where a.job_id = j.id and a.ended_at is null and a.id = j.attempt_id)
    """,
    "completed twice, or without a completed attempt": """
        select j.id, j.status::text || ' with ' || count(a.id) from public.script_jobs j
        left join public.script_job_attempts a on a.job_id = j.id and a.outcome = 'completed'
        group by j.id having count(a.id) <> (j.status = 'completed')::integer
    """,
    "told its result twice, or not at all": """
        select j.id, count(e.id)::text from public.script_jobs j
        left join public.script_job_events e on e.job_id = j.id and e.kind = 'result'
        group by j.id having count(e.id) <> (j.status = 'completed')::integer
    """,
    "more retries than it may have": """
        select id, retry_count::text from public.script_jobs where retry_count > max_retries
    """,
    "a retry that no script has used up": """
        select j.id, j.retry_count || ' used' from public.script_jobs j
        left join public.script_job_attempts a on a.job_id = j.id
        group by j.id having j.retry_count
            > count(a.id) filter (where a.outcome in ('failed', 'timed_out') or a.error_code = 'TIMEOUT')
            + greatest(0, count(a.id) filter (where a.outcome = 'released' and a.error_code is null) - 3)
    """,
    "a reason that is not that of the last attempt": """
        select j.id, coalesce(j.error_code, '') || ' but ' || coalesce(last.error_code, '') from public.script_jobs j
        cross join lateral (
            select * from public.script_job_attempts a where a.job_id = j.id order by a.number desc limit 1) last
        where j.status in ('failed', 'timed_out') and last.outcome <> 'released'
          and (j.error_code, j.error_message) is distinct from (last.error_code, last.error_message)
    """,
    "timed out, but told something else": """
        select id, coalesce(error_code, '') from public.script_jobs
        where status = 'timed_out' and error_code is distinct from 'TIMEOUT'
    """,
    "more jobs at once with one key than may be": """
        select max(a.job_id::text), concurrency_key || ' ' || count(*) from public.script_jobs j
        join public.script_job_attempts a on a.job_id = j.id
        join lateral (select b.id from public.script_jobs k join public.script_job_attempts b on b.job_id = k.id
                      where k.concurrency_key = j.concurrency_key and b.started_at <= a.started_at
                        and coalesce(b.ended_at, 'infinity') > a.started_at) as beside on true
        where j.concurrency_key is not null
        group by a.id, concurrency_key, concurrency_limit having count(*) > concurrency_limit
    """,
}


async def broken_promises(database: Database) -> list[str]:
    """One line for each thing that is wrong; empty when all promises were kept."""
    found: list[str] = []
    async with database.as_service() as connection:
        for name, question in QUESTIONS.items():
            values = {"legal": _LEGAL} if ":legal" in question else {}
            rows = await connection.execute(text(question), values)
            found += [f"{name}: {row[0]} {row[1]}" for row in rows]
    return found
