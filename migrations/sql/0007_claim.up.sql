-- The claim, and the answer to "why is it waiting?": both ask script_jobs_hindrance().

-- Brings jobs back into line whose time has come or whose lane has opened. For each lane (few: what is full, paused or
-- too fast) it looks at the best jobs only, as many as may be claimed: the rest can wait. Rows that somebody else has
-- locked are skipped: the next claim looks again.
create function public.script_jobs_return_to_line(share integer, wanted integer) returns void
    language plpgsql set search_path = ''
as $$
declare
    this_lane text := '';
    job public.script_jobs;
    hindrance public.script_jobs_hindrance;
    returned integer;
begin
    if not exists (select from public.script_jobs where status in ('pending', 'queued') and held_by is not null) then
        return;
    end if;
    update public.script_jobs set held_by = null where id in (
        select id from public.script_jobs
        where status in ('pending', 'queued') and held_by = 'time' and greatest(run_at, next_retry_at) <= now()
        order by greatest(run_at, next_retry_at) limit 100 for no key update skip locked);
    loop
        -- The next different value of the index script_jobs_held: one probe each, however many jobs it holds.
        select held_by into this_lane from public.script_jobs
        where status in ('pending', 'queued') and held_by is not null and held_by > this_lane order by held_by limit 1;
        exit when not found;
        continue when this_lane in ('time', 'prerequisites');
        returned := 0;
        for job in select * from public.script_jobs
                   where status in ('pending', 'queued') and held_by = this_lane
                   order by priority desc, created_at, id limit 100 loop
            exit when returned >= wanted;
            hindrance := public.script_jobs_hindrance(job, share);
            exit when hindrance.lane = this_lane;  -- the usual case, in which nothing is locked or written
            perform from public.script_jobs j where j.id = job.id and j.held_by = this_lane
                for no key update skip locked;
            if found then
                update public.script_jobs set held_by = hindrance.lane where id = job.id;
                returned := returned + (hindrance.lane is null)::integer;
            end if;
        end loop;
    end loop;
end $$;

create type public.script_jobs_claimed as (
    id uuid, job_id text, job_type text, payload jsonb, fence bigint, attempt integer, timeout_ms integer,
    organisation_id uuid, checkpoints jsonb
);

-- Takes up to `wanted` jobs: highest priority first, then oldest. Atomic across any number of workers:
--   * one row after the other is locked with `skip locked`, so two claims never take the same job, and a row that has
--     changed meanwhile is checked again under its lock;
--   * a key's limit is counted under the key's own advisory lock, which is tried and never waited for: of two claims
--     that want the same account at once, one counts and takes, the other passes on and looks again;
--   * the unique index script_job_attempts_one_at_a_time allows one open attempt for a job, whatever happens here.
-- Its plans are made once: each statement is one probe of an index, and planning it would cost more than running it.
-- It waits for no lock, so it is in no deadlock. What may not run is put beside the line, once. It looks at 100 jobs at
-- most; a last row of nulls says that there is more to look at.
create function public.script_jobs_claim(worker text, lease_s float, types text[], share integer, wanted integer)
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
        if not (job.concurrency_key is null
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

-- What the claim would look at next: the line's first jobs, those whose time has come, and the best of each lane.
create function public.script_jobs_front(share integer) returns setof uuid language sql stable set search_path = ''
as $$
    with recursive lanes (lane) as (
        (select held_by from public.script_jobs
         where status in ('pending', 'queued') and held_by is not null order by held_by limit 1)
        union all
        select (select held_by from public.script_jobs
                where status in ('pending', 'queued') and held_by is not null and held_by > lane
                order by held_by limit 1)
        from lanes where lane is not null
    ), front as (
        (select * from public.script_jobs where status in ('pending', 'queued') and held_by is null
         order by priority desc, created_at, id limit 100)
        union all
        (select * from public.script_jobs
         where status in ('pending', 'queued') and held_by = 'time' and greatest(run_at, next_retry_at) <= now()
         order by greatest(run_at, next_retry_at) limit 100)
        union all
        select best.* from lanes cross join lateral (
            select * from public.script_jobs
            where status in ('pending', 'queued') and held_by = lane
            order by priority desc, created_at, id limit 20) as best
        where lane not in ('time', 'prerequisites')
    )
    select id from front
    where (public.script_jobs_hindrance(front::public.script_jobs, share)).code is null
    order by priority desc, created_at, id
$$;

-- Why these jobs wait: the claim's own hindrance, else how the workers stand and how many jobs are before it.
-- SECURITY DEFINER: it counts other organisations' jobs and names none of them; it answers for jobs that the caller
-- may see. `place` is null behind the first hundred.
create function public.script_jobs_waiting(jobs uuid[], share integer)
    returns table (id uuid, code text, until timestamptz, other_id uuid, other_job_id text, other_type text, note text,
                   place integer, slots integer)
    language plpgsql stable security definer set search_path = ''
as $$
declare
    mine constant uuid[] := public.script_jobs_organisations();
    served constant boolean := coalesce(auth.role(), '') = 'service_role';
begin
    return query
    with asked as materialized (
        select j.*, h.code as h_code, h.until as h_until, h.other as h_other, h.note as h_note
        from public.script_jobs j cross join lateral public.script_jobs_hindrance(j, share) h
        where j.id = any (jobs) and j.status in ('pending', 'queued')
          and (served or j.organisation_id = any (mine))
    ), crew as materialized (
        select w.job_types, w.slots,
               w.slots - (select count(*) from public.script_jobs r
                          where r.status = 'in_progress' and r.worker_id = w.id) as free
        from public.script_job_workers w where w.alive_until > now() and not w.is_stopping
    ), front as materialized (
        select f.id as front_id, row_number() over (order by f.ordinal) as place
        from public.script_jobs_front(share) with ordinality as f (id, ordinal) join public.script_jobs j on j.id = f.id
        where exists (select from asked where h_code is null)
          and exists (select from crew where j.job_type::text = any (crew.job_types))
    )
    select a.id,
           case when a.h_code is not null then a.h_code
                when c.slots is null then 'NO_WORKER'
                when c.free > 0 and f.place = 1 then 'NEXT'
                else 'SLOTS_BUSY' end,
           case when a.h_code is not null then a.h_until
                when c.slots is null then (select max(w.heartbeat_at) from public.script_job_workers w) end,
           o.id, o.job_id, o.job_type::text, a.h_note, f.place::integer, c.slots::integer
    from asked a
    left join front f on f.front_id = a.id
    left join public.script_jobs o on o.id = a.h_other and (served or o.organisation_id = any (mine))
    cross join lateral (select sum(crew.slots) as slots, sum(crew.free) as free from crew
                        where a.job_type::text = any (crew.job_types)) c;
end $$;

revoke all on function public.script_jobs_return_to_line, public.script_jobs_claim, public.script_jobs_front,
    public.script_jobs_waiting from public;
grant execute on function public.script_jobs_return_to_line, public.script_jobs_claim, public.script_jobs_front
    to service_role;
grant execute on function public.script_jobs_waiting to authenticated, service_role;
