-- What happened to a job: attempts with their leases, steps, checkpoints, events, files. All go with their job.

-- An attempt is the lease and the fence: its id comes from a growing sequence, is handed to one worker, and stands in
-- script_jobs.attempt_id while it is the valid one. Renewals write this narrow row, never the wide row of the job.
create table public.script_job_attempts (
    id bigint generated always as identity primary key,
    job_id uuid not null references public.script_jobs on delete cascade,
    number integer not null check (number > 0),
    worker_id text not null,
    lease_expires_at timestamptz not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text check (outcome in ('completed', 'failed', 'timed_out', 'cancelled', 'released', 'lost')),
    error_code text,
    error_message text,
    error_stack text,
    constraint an_ended_attempt_has_an_outcome check ((ended_at is null) = (outcome is null)),
    unique (job_id, number)
);
create unique index script_job_attempts_one_at_a_time on public.script_job_attempts (job_id) where ended_at is null;
create index script_job_attempts_lease on public.script_job_attempts (lease_expires_at) where ended_at is null;

create table public.script_job_steps (
    job_id uuid not null references public.script_jobs on delete cascade,
    attempt integer not null,
    position integer not null,
    title text not null,
    state text not null check (state in ('running', 'done', 'failed')),
    started_at timestamptz not null default now(),
    duration_ms integer,
    primary key (job_id, attempt, position)
);

create table public.script_job_checkpoints (
    job_id uuid not null references public.script_jobs on delete cascade,
    name text not null,
    value jsonb,
    attempt integer not null,
    saved_at timestamptz not null default now(),
    primary key (job_id, name)
);

-- Whoever appends for a job holds the lock on the job's row first, so within one job ids grow in the order of commits:
-- a reader that asks for "newer than id n" misses nothing.
create table public.script_job_events (
    id bigint generated always as identity primary key,
    job_id uuid not null references public.script_jobs on delete cascade,
    attempt integer not null default 0,
    kind text not null check (kind in ('status', 'step', 'progress', 'log', 'screenshot', 'result')),
    data jsonb not null default '{}',
    actor text,
    created_at timestamptz not null default now()
);
create index script_job_events_by_job on public.script_job_events (job_id, id);
comment on column public.script_job_events.actor is
    'who moved the job: user:<id>, worker:<id>, sweep:<id>, or database:<role>; set on events of kind status';

create table public.script_job_files (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.script_jobs on delete cascade,
    attempt integer not null,
    step integer,
    name text not null,
    media_type text not null,
    size integer not null check (size >= 0),
    storage_key text not null,
    created_at timestamptz not null default now()
);
create index script_job_files_by_job on public.script_job_files (job_id, created_at);

-- Every move of a job becomes an event, in the same transaction, with its actor: no code can forget it.
create function public.script_jobs_after_move() returns trigger language plpgsql security definer set search_path = ''
as $$
declare
    said text := coalesce(
        nullif(current_setting('script_jobs.actor', true), ''), 'user:' || auth.uid(), 'database:' || session_user);
begin
    if tg_op = 'UPDATE' and new.status = old.status then
        return null;
    end if;
    insert into public.script_job_events (job_id, attempt, kind, actor, data)
    values (new.id, new.attempt_count, 'status', said, jsonb_strip_nulls(jsonb_build_object(
        'status', new.status,
        'from', case when tg_op = 'UPDATE' then old.status end,
        'retryCount', new.retry_count,
        'nextRetryAt', new.next_retry_at,
        'error', case when new.error_code is not null then
            jsonb_build_object('code', new.error_code, 'message', new.error_message) end)));
    if new.status in ('pending', 'queued') then
        perform pg_notify('script_jobs_ready', '');
    end if;
    return null;
end $$;
create trigger script_jobs_after_move after insert or update of status on public.script_jobs
    for each row execute function public.script_jobs_after_move();

-- One small notification per statement and job: the id alone. Readers fetch the rows, which are the truth.
create function public.script_job_events_tell() returns trigger language plpgsql set search_path = ''
as $$
begin
    perform pg_notify('script_job_events', told.job_id::text) from (select distinct job_id from fresh) as told;
    return null;
end $$;
create trigger script_job_events_tell after insert on public.script_job_events
    referencing new table as fresh for each statement execute function public.script_job_events_tell();

do $$
declare
    child text;
begin
    foreach child in array array['script_job_attempts', 'script_job_steps', 'script_job_checkpoints',
                                 'script_job_events', 'script_job_files'] loop
        execute format('alter table public.%I enable row level security', child);
        execute format('create policy "Service role full access" on public.%I to service_role '
                       'using (true) with check (true)', child);
        execute format('create policy "Users can view organisation jobs" on public.%I for select to authenticated '
                       'using (exists (select from public.script_jobs j where j.id = %I.job_id))', child, child);
        execute format('revoke all on public.%I from anon, authenticated', child);
        execute format('grant select on public.%I to authenticated', child);
        execute format('grant all on public.%I to service_role', child);
    end loop;
end $$;
