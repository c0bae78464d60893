-- The job table: the truth about every job. Legal moves, times and row policies are held here, whatever code does.

create type public.script_job_status as enum
    ('pending', 'queued', 'in_progress', 'completed', 'failed', 'cancelled', 'timed_out');

create type public.script_job_type as enum
    ('add-item-tags', 'add-option-sets', 'import-csv-menu', 'register-restaurant', 'configure-website-dark',
     'configure-website-light', 'setup-stripe-payments', 'setup-stripe-payments-no-link', 'setup-services',
     'setup-system-settings', 'create-api-key', 'finalise-onboarding');

create table public.script_jobs (
    id uuid primary key default gen_random_uuid(),
    job_id text not null unique
        default 'JOB_' || to_char(now() at time zone 'UTC', 'YYYYMMDD_HH24MISS') || '_'
                || left(replace(gen_random_uuid()::text, '-', ''), 8),
    job_type public.script_job_type not null,
    status public.script_job_status not null default 'pending',
    input_payload jsonb not null default '{}',
    result jsonb,
    error_message text,
    error_code text,
    error_stack text,
    retry_count integer not null default 0,
    max_retries integer not null default 3,
    retry_delay_ms integer not null default 5000,
    next_retry_at timestamptz,
    progress_percent integer default 0 check (progress_percent between 0 and 100),
    progress_message text,
    current_step integer default 0,
    total_steps integer default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    timeout_at timestamptz,
    worker_id text,
    process_pid integer,
    organisation_id uuid references public.organisations on delete cascade,
    restaurant_id uuid references public.pumpd_restaurants on delete set null,
    created_by uuid references auth.users on delete set null,
    priority integer not null default 0,
    metadata jsonb default '{}',
    -- additions to the contract
    timeout_ms integer not null default 300000 check (timeout_ms > 0),
    run_at timestamptz,
    attempt_id bigint,
    attempt_count integer not null default 0,
    constraint a_running_job_has_an_attempt check (status <> 'in_progress' or attempt_id is not null),
    constraint retries_are_in_bounds check (retry_count >= 0 and max_retries >= 0 and retry_delay_ms >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

comment on column public.script_jobs.timeout_ms is 'the job type''s time limit of one attempt, set at insert';
comment on column public.script_jobs.run_at is 'not claimable before';
comment on column public.script_jobs.attempt_id is
    'the running or last attempt, and the fence: a worker''s write counts only while this is its own attempt';
comment on column public.script_jobs.attempt_count is 'attempts begun so far';

-- Queue processing. The contract lists (status, priority desc, created_at); with status in front, one claim over two
-- claimable states cannot read in order and would sort the whole queue, so status is the partial condition alone.
create index script_jobs_queue on public.script_jobs (priority desc, created_at, id)
    where status in ('pending', 'queued');
create index script_jobs_active on public.script_jobs (worker_id) where status = 'in_progress';
create index script_jobs_timeout on public.script_jobs (timeout_at) where status = 'in_progress';
create index script_jobs_failed on public.script_jobs (organisation_id, created_at desc)
    where status in ('failed', 'timed_out');
create index script_jobs_retryable on public.script_jobs (next_retry_at)
    where status in ('pending', 'queued') and next_retry_at is not null;
create index script_jobs_type on public.script_jobs (organisation_id, job_type, created_at desc, id desc);
create index script_jobs_organisation on public.script_jobs (organisation_id, created_at desc, id desc);
create index script_jobs_organisation_status on public.script_jobs (organisation_id, status, created_at desc, id desc);
create index script_jobs_restaurant on public.script_jobs (restaurant_id, status, created_at desc);
create index script_jobs_created_by on public.script_jobs (created_by, created_at desc);
create index script_jobs_updated on public.script_jobs (organisation_id, updated_at desc);
-- job_id: the unique constraint is its index.

-- The table of legal moves; scriptjobs/jobs.py draws the same one and a test compares them.
create function public.script_jobs_is_legal_move(before public.script_job_status, after public.script_job_status)
    returns boolean language sql immutable set search_path = ''
as $$
    select case before
        when 'pending' then after in ('queued', 'in_progress', 'cancelled')
        when 'queued' then after in ('pending', 'in_progress', 'cancelled')
        when 'in_progress' then after in ('pending', 'completed', 'failed', 'cancelled', 'timed_out')
        when 'failed' then after = 'pending'
        when 'cancelled' then after = 'pending'
        when 'timed_out' then after = 'pending'
        else false
    end
$$;

create function public.script_jobs_before_write() returns trigger language plpgsql set search_path = ''
as $$
begin
    new.updated_at := now();
    if tg_op = 'UPDATE' then
        if new.status = old.status then
            return new;
        end if;
        if not public.script_jobs_is_legal_move(old.status, new.status) then
            raise exception 'a job cannot go from % to %', old.status, new.status using errcode = 'check_violation';
        end if;
    end if;
    case
        when new.status = 'in_progress' then
            new.started_at := now();
            new.timeout_at := now() + make_interval(secs => new.timeout_ms / 1000.0);
        when new.status in ('completed', 'failed', 'cancelled', 'timed_out') then
            new.completed_at := coalesce(new.completed_at, now());
            new.process_pid := null;
            if new.status = 'cancelled' then
                new.cancelled_at := coalesce(new.cancelled_at, now());
            end if;
        else
            new.completed_at := null;
            new.cancelled_at := null;
            new.timeout_at := null;
            new.worker_id := null;
            new.process_pid := null;
    end case;
    return new;
end $$;

create trigger script_jobs_before_write before insert or update on public.script_jobs
    for each row execute function public.script_jobs_before_write();

-- SECURITY DEFINER: it reads restaurants whatever row policies that table has, and says only yes or no.
create function public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) returns boolean
    language plpgsql stable security definer set search_path = ''
as $$
begin
    return exists (select from public.pumpd_restaurants r where r.id = restaurant and r.organisation_id = organisation);
end $$;
revoke all on function public.script_jobs_owns_restaurant from public;
grant execute on function public.script_jobs_owns_restaurant to authenticated, service_role;

alter table public.script_jobs enable row level security;

create policy "Users can view organisation jobs" on public.script_jobs for select to authenticated
    using (organisation_id = any ((select public.script_jobs_organisations())::uuid[]));

create policy "Users can create organisation jobs" on public.script_jobs for insert to authenticated
    with check (
        organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
        and created_by = (select auth.uid())
        and status in ('pending', 'queued')
        and (restaurant_id is null or public.script_jobs_owns_restaurant(organisation_id, restaurant_id))
    );

create policy "Users can cancel own pending jobs" on public.script_jobs for update to authenticated
    using (
        created_by = (select auth.uid())
        and status in ('pending', 'queued')
        and organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
    )
    with check (status = 'cancelled' and created_by = (select auth.uid()));

create policy "Service role full access" on public.script_jobs to service_role using (true) with check (true);

-- A policy decides about rows, a grant about columns: a caller can neither invent progress nor raise its own retries.
revoke all on public.script_jobs from anon, authenticated;
grant select on public.script_jobs to authenticated;
grant insert (job_type, input_payload, organisation_id, restaurant_id, created_by, priority, metadata, run_at,
              timeout_ms, max_retries, total_steps) on public.script_jobs to authenticated;
grant update (status) on public.script_jobs to authenticated;
grant all on public.script_jobs to service_role;
