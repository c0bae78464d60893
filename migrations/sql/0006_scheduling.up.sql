-- What decides when a waiting job may run: prerequisites, times, pauses, keys with a limit or a rate, shares.
-- One function, script_jobs_hindrance(), is that decision, for the claim and for whoever asks why a job waits.

alter table public.script_jobs
    add column held_by text,
    add column concurrency_key text,
    add column concurrency_limit integer not null default 2 check (concurrency_limit > 0),
    add column rate_key text,
    add column rate_interval_ms integer not null default 0 check (rate_interval_ms >= 0),
    add column restaurant_key text,
    add column allow_duplicate boolean not null default false,
    add column payload_size integer;
comment on column public.script_jobs.held_by is
    'why it stands beside the line: time, prerequisites, or the name of a lane; null while it stands in line. '
    'It keeps claims short and decides nothing';
comment on column public.script_jobs.concurrency_key is 'what only concurrency_limit jobs may use at once: the portal account';
comment on column public.script_jobs.rate_key is 'what only one job may begin to use in rate_interval_ms';
comment on column public.script_jobs.rate_interval_ms is 'time between two beginnings with the same rate_key';
comment on column public.script_jobs.restaurant_key is 'the restaurant as the payload names it: account and name, in lower case';
comment on column public.script_jobs.allow_duplicate is 'a second active job of its type for its restaurant was wanted';
comment on column public.script_jobs.payload_size is 'how many items the payload names, where its type counts them';

-- The line of those that may run as far as is known, and those beside it. A claim reads the line alone, so 100,000 jobs
-- that wait for something cost it nothing. Together they are what script_jobs_queue was, which would only cost writes now.
drop index public.script_jobs_queue;
create index script_jobs_line on public.script_jobs (priority desc, created_at, id)
    where status in ('pending', 'queued') and held_by is null;
create index script_jobs_line_by_organisation on public.script_jobs (organisation_id)
    where status in ('pending', 'queued') and held_by is null;
create index script_jobs_held on public.script_jobs (held_by, priority desc, created_at, id)
    where status in ('pending', 'queued') and held_by is not null;
create index script_jobs_due on public.script_jobs (greatest(run_at, next_retry_at))
    where status in ('pending', 'queued') and held_by = 'time';
create index script_jobs_running_key on public.script_jobs (concurrency_key, started_at)
    where status = 'in_progress' and concurrency_key is not null;
create index script_jobs_rate on public.script_jobs (rate_key, started_at desc)
    where rate_key is not null and started_at is not null;
create index script_jobs_durations on public.script_jobs (job_type, completed_at desc) where status = 'completed';

-- One active job for a restaurant and a type, whichever way it is named; held here, whatever code does.
create unique index script_jobs_one_active_for_restaurant
    on public.script_jobs (organisation_id, job_type, restaurant_id)
    where status in ('pending', 'queued', 'in_progress') and not allow_duplicate and restaurant_id is not null;
create unique index script_jobs_one_active_for_restaurant_name
    on public.script_jobs (organisation_id, job_type, restaurant_key)
    where status in ('pending', 'queued', 'in_progress') and not allow_duplicate and restaurant_key is not null;

grant insert (concurrency_key, concurrency_limit, rate_key, rate_interval_ms, restaurant_key, allow_duplicate,
              payload_size) on public.script_jobs to authenticated;

-- No action on delete: what a waiting job still needs is not deleted before it (the sweep of old jobs skips it); deferred,
-- so that an organisation goes with all its jobs, whatever their order.
create table public.script_job_prerequisites (
    job_id uuid not null references public.script_jobs on delete cascade,
    needs_id uuid not null references public.script_jobs deferrable initially deferred,
    waived_at timestamptz,
    primary key (job_id, needs_id),
    constraint a_job_does_not_need_itself check (job_id <> needs_id)
);
create index script_job_prerequisites_needs on public.script_job_prerequisites (needs_id);
comment on column public.script_job_prerequisites.waived_at is 'somebody said: run anyway';

-- A job is inserted with its prerequisites, so an edge leads to an older job and no cycle can arise. Edges that are added
-- later are checked here, one writer after the other (the lock): two of them could close a cycle that neither sees.
create function public.script_job_prerequisites_check() returns trigger language plpgsql set search_path = ''
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('script_job_prerequisites', 0));
    if exists (
        with recursive needed (id) as (
            select new.needs_id
            union
            select p.needs_id from public.script_job_prerequisites p join needed on p.job_id = needed.id
        )
        select from needed where id = new.job_id
    ) then
        raise exception 'the prerequisites form a cycle' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger script_job_prerequisites_check before insert or update on public.script_job_prerequisites
    for each row execute function public.script_job_prerequisites_check();
-- What the operator has paused: a job type, or with '*' everything.
create table public.script_job_pauses (
    scope text primary key,
    reason text not null,
    paused_by text not null,
    paused_at timestamptz not null default now()
);

alter table public.script_job_pauses enable row level security;
alter table public.script_job_prerequisites enable row level security;
create policy "Service role full access" on public.script_job_prerequisites to service_role using (true) with check (true);
create policy "Users can view organisation jobs" on public.script_job_prerequisites for select to authenticated
    using (exists (select from public.script_jobs j where j.id = script_job_prerequisites.job_id));
create policy "Users can create organisation jobs" on public.script_job_prerequisites for insert to authenticated
    with check (exists (
        select from public.script_jobs j join public.script_jobs n on n.organisation_id = j.organisation_id
        where j.id = script_job_prerequisites.job_id and n.id = needs_id and j.created_by = (select auth.uid())
          and j.attempt_count = 0 and j.status in ('pending', 'queued')));
create policy "Service role full access" on public.script_job_pauses to service_role using (true) with check (true);
revoke all on public.script_job_prerequisites, public.script_job_pauses from anon, authenticated;
grant all on public.script_job_prerequisites, public.script_job_pauses to service_role;
grant select, insert on public.script_job_prerequisites to authenticated;

-- A job that begins to wait stands in line, or beside it when its time lies ahead.
create function public.script_jobs_hold() returns trigger language plpgsql set search_path = ''
as $$
begin
    new.held_by := case when new.status in ('pending', 'queued') and greatest(new.run_at, new.next_retry_at) > now()
                        then 'time' end;
    return new;
end $$;
create trigger script_jobs_hold before insert or update of status, run_at, next_retry_at on public.script_jobs
    for each row execute function public.script_jobs_hold();

-- What a job's end sets free: the jobs that needed it, and its place at its key. Dependents are locked even in line: of
-- this and a claim that judges one at this moment the later one waits or skips, so none is put aside for a prerequisite
-- that has just completed. Locks go from a job to those that need it, never round.
create function public.script_jobs_set_free() returns trigger language plpgsql security definer set search_path = ''
as $$
begin
    if new.status = 'completed'
       and exists (select from public.script_job_prerequisites where needs_id = new.id) then
        update public.script_jobs set held_by = null
        where status in ('pending', 'queued')
          and id in (select job_id from public.script_job_prerequisites where needs_id = new.id);
        if found then
            perform pg_notify('script_jobs_ready', '');
        end if;
    end if;
    if old.status = 'in_progress' and new.concurrency_key is not null then
        perform pg_notify('script_jobs_ready', '');
    end if;
    return null;
end $$;
create trigger script_jobs_set_free after update of status on public.script_jobs
    for each row when (old.status <> new.status) execute function public.script_jobs_set_free();

create type public.script_jobs_hindrance as (
    code text, lane text, until timestamptz, other uuid, note text
);
comment on type public.script_jobs_hindrance is
    'why a job may not run now: code, its held_by meanwhile, when that ends, whose doing it is, a reason in words';

-- The first hindrance in the order of the eleven reasons, or nulls: the job may run. `share` is how many jobs one
-- organisation may run while another one waits; 0 means no such rule. Each question is one probe of an index.
create function public.script_jobs_hindrance(job public.script_jobs, share integer)
    returns public.script_jobs_hindrance language plpgsql stable set search_path = ''
as $$
declare
    found_ public.script_jobs_hindrance;
begin
    select case when n.status in ('failed', 'timed_out', 'cancelled') then 'PREREQUISITE_FAILED'
                else 'PREREQUISITE_OPEN' end, 'prerequisites', null, n.id, null into found_
    from public.script_job_prerequisites p join public.script_jobs n on n.id = p.needs_id
    where p.job_id = job.id and p.waived_at is null and n.status <> 'completed'
    order by n.status in ('failed', 'timed_out', 'cancelled') desc, n.created_at limit 1;
    if found then return found_; end if;
    select case when job.run_at > now() then 'SCHEDULED' else 'RETRY_WAIT' end, 'time',
           case when job.run_at > now() then job.run_at else job.next_retry_at end, null,
           job.error_code into found_ where greatest(job.run_at, job.next_retry_at) > now();
    if found then return found_; end if;
    select 'PAUSED', 'pause:' || scope, paused_at, null, paused_by || ': ' || reason into found_
    from public.script_job_pauses where scope in ('*', job.job_type::text) order by scope limit 1;
    if found then return found_; end if;
    if job.concurrency_key is not null then
        -- The one that began last of those that fill the key: with it there are as many as may be.
        select 'ACCOUNT_BUSY', 'key:' || job.concurrency_limit || ':' || job.concurrency_key, null, r.id, null into found_
        from public.script_jobs r
        where r.status = 'in_progress' and r.concurrency_key = job.concurrency_key
        order by r.started_at offset job.concurrency_limit - 1 limit 1;
        if found then return found_; end if;
    end if;
    if job.rate_key is not null then
        select 'PORTAL_RATE', 'rate:' || job.rate_key, r.started_at + make_interval(secs => job.rate_interval_ms / 1000.0),
               r.id, null into found_
        from public.script_jobs r where r.rate_key = job.rate_key and r.started_at is not null
        order by r.started_at desc limit 1;
        if found_.until > now() then return found_; end if;
    end if;
    if share > 0 and share <= (select count(*) from public.script_jobs r where r.status = 'in_progress'
                               and r.organisation_id = job.organisation_id)
       -- The job of an organisation below its share that could run now; some of those in line are looked at.
       and exists (
           select from (
               (select w from public.script_jobs w where w.status in ('pending', 'queued') and w.held_by is null
                and w.organisation_id < job.organisation_id limit 20)
               union all
               (select w from public.script_jobs w where w.status in ('pending', 'queued') and w.held_by is null
                and w.organisation_id > job.organisation_id limit 20)) as others
           where (select count(*) from public.script_jobs r where r.status = 'in_progress'
                  and r.organisation_id = (others.w).organisation_id) < share
             and (public.script_jobs_hindrance(others.w, 0)).code is null) then
        return row('ORG_SHARE', 'org:' || job.organisation_id, null, null, share::text)::public.script_jobs_hindrance;
    end if;
    return null;
end $$;
revoke all on function public.script_jobs_hindrance(public.script_jobs, integer) from public;
grant execute on function public.script_jobs_hindrance(public.script_jobs, integer) to service_role;
