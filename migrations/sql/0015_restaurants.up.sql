-- One script at a time in a restaurant, whichever way the job names it.

alter table public.script_jobs add column restaurant_limit integer not null default 1 check (restaurant_limit > 0);
comment on column public.script_jobs.restaurant_limit is 'how many jobs may run at once in this job''s restaurant';
grant insert (restaurant_limit) on public.script_jobs to authenticated;
create index script_jobs_running_restaurant on public.script_jobs (restaurant_id, started_at)
    where status = 'in_progress' and restaurant_id is not null;
create index script_jobs_running_restaurant_name on public.script_jobs (restaurant_key, started_at)
    where status = 'in_progress' and restaurant_key is not null;

-- Replaced whole: as in 0006, with RESTAURANT_BUSY in front of ACCOUNT_BUSY.
create or replace function public.script_jobs_hindrance(job public.script_jobs, share integer)
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
    -- Two scripts in one restaurant would change the same pages under each other's hands. The restaurant is the same by
    -- its record, or by portal account and name.
    if job.restaurant_id is not null then
        select 'RESTAURANT_BUSY', 'restaurant:' || job.restaurant_limit || ':' || job.restaurant_id, null, r.id, null
        into found_
        from public.script_jobs r
        where r.status = 'in_progress' and r.restaurant_id = job.restaurant_id
        order by r.started_at offset job.restaurant_limit - 1 limit 1;
        if found then return found_; end if;
    end if;
    if job.restaurant_key is not null then
        select 'RESTAURANT_BUSY', 'restaurant:' || job.restaurant_limit || ':' || job.restaurant_key, null, r.id, null
        into found_
        from public.script_jobs r
        where r.status = 'in_progress' and r.restaurant_key = job.restaurant_key
        order by r.started_at offset job.restaurant_limit - 1 limit 1;
        if found then return found_; end if;
    end if;
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

-- As in 0007, with the locks of the restaurant: of two claims that want the same one at once, one counts and takes.
create or replace function public.script_jobs_claim(worker text, lease_s float, types text[], share integer, wanted integer)
    returns setof public.script_jobs_claimed language plpgsql
    set search_path = '' set plan_cache_mode = force_generic_plan
as $$
declare
    line cursor for
        select * from public.script_jobs
        where status in ('pending', 'queued') and held_by is null and job_type::text = any (types)
        order by priority desc, created_at, id limit 100 for no key update skip locked;
    job public.script_jobs;
    hindrance public.script_jobs_hindrance;
    fence bigint;
    taken integer := 0;
    seen integer := 0;
    raced boolean := false;
begin
    -- A worker sends this as one statement without a transaction around it, so role and actor are set here.
    perform set_config('role', 'service_role', true), set_config('script_jobs.actor', 'worker:' || worker, true);
    perform public.script_jobs_return_to_line(share, wanted);
    open line;
    while taken < wanted loop
        fetch line into job;
        exit when not found;
        seen := seen + 1;
        if not (job.restaurant_id is null
                or pg_try_advisory_xact_lock(hashtextextended('script_jobs restaurant ' || job.restaurant_id, 0)))
           or not (job.restaurant_key is null
                   or pg_try_advisory_xact_lock(hashtextextended('script_jobs restaurant ' || job.restaurant_key, 0)))
           or not (job.concurrency_key is null
                   or pg_try_advisory_xact_lock(hashtextextended('script_jobs key ' || job.concurrency_key, 0)))
           or not (job.rate_key is null
                   or pg_try_advisory_xact_lock(hashtextextended('script_jobs rate ' || job.rate_key, 0))) then
            raced := true;
            continue;
        end if;
        hindrance := public.script_jobs_hindrance(job, share);
        if hindrance.lane is not null then
            update public.script_jobs set held_by = hindrance.lane where id = job.id;
            continue;
        end if;
        insert into public.script_job_attempts (job_id, number, worker_id, lease_expires_at)
        values (job.id, job.attempt_count + 1, worker, now() + make_interval(secs => lease_s))
        returning id into fence;
        update public.script_jobs
        set status = 'in_progress', worker_id = worker, attempt_id = fence, attempt_count = job.attempt_count + 1,
            next_retry_at = null, progress_percent = 0, progress_message = null, current_step = 0, resumed_step = null,
            error_code = null, error_message = null, error_stack = null
        where id = job.id;
        taken := taken + 1;
        return next row(job.id, job.job_id, job.job_type::text, job.input_payload, fence, job.attempt_count + 1,
                        job.timeout_ms, job.organisation_id, case when job.attempt_count > 0 then (
                            select jsonb_object_agg(c.name, c.value) from public.script_job_checkpoints c
                            where c.job_id = job.id) end)::public.script_jobs_claimed;
    end loop;
    close line;
    if taken < wanted and (raced or seen = 100) then
        return next null::public.script_jobs_claimed;
    end if;
end $$;

-- As in 0006: the end of a job also frees its restaurant.
create or replace function public.script_jobs_set_free() returns trigger language plpgsql security definer set search_path = ''
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
    if old.status = 'in_progress' and coalesce(new.concurrency_key, new.restaurant_key, new.restaurant_id::text) is not null then
        perform pg_notify('script_jobs_ready', '');
    end if;
    return null;
end $$;
