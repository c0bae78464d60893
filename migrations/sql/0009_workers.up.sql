-- What workers say and do: heartbeats, and completion.

-- Workers say here that they live; the waiting reasons, the operator and the sweeps read it.
create table public.script_job_workers (
    id text primary key,
    host text not null,
    pid integer not null,
    version text not null,
    slots integer not null check (slots > 0),
    job_types text[] not null,
    started_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now(),
    alive_until timestamptz not null,
    is_stopping boolean not null default false
);
comment on table public.script_job_workers is 'workers and their heartbeats; what they run stands in script_jobs.worker_id';
create index script_job_workers_alive on public.script_job_workers (alive_until);
alter table public.script_job_workers enable row level security;
create policy "Service role full access" on public.script_job_workers to service_role using (true) with check (true);
revoke all on public.script_job_workers from anon, authenticated;
grant all on public.script_job_workers to service_role;

-- Completion in one round trip: the move, its result as an event, the attempt's end.
-- The fence: of several actors (worker, rescue, a second worker) exactly one finds the job in progress under its own
-- attempt, since all of them update the job's row first, under its lock. The status is compared as text, so that the
-- primary key is taken and no partial index of running jobs, which is full of ended ones between vacuums.
create function public.script_jobs_complete(job uuid, fence bigint, worker text, said jsonb, kept jsonb) returns boolean
    language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
    number integer;
begin
    perform set_config('role', 'service_role', true), set_config('script_jobs.actor', worker, true);
    -- The result is told before the status: a reader that has seen the end has seen everything.
    select j.attempt_count into number from public.script_jobs j
    where j.id = job and j.attempt_id = fence and j.status::text = 'in_progress' for no key update;
    if not found then
        return false;
    end if;
    insert into public.script_job_events (job_id, attempt, kind, data) values (job, number, 'result', said);
    update public.script_jobs j
    set status = 'completed', result = said, input_payload = kept, progress_percent = 100,
        error_code = null, error_message = null, error_stack = null
    where j.id = job;
    update public.script_job_attempts a set ended_at = now(), outcome = 'completed' where a.id = fence;
    return true;
end $$;
revoke all on function public.script_jobs_complete from public;
grant execute on function public.script_jobs_complete to service_role;
