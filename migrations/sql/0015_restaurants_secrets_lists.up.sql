-- One script at a time in a restaurant; secrets of ended jobs are erased; every list is read in the order of an index.

-- Columns ------------------------------------------------------------------------------------------------------------
alter table public.script_jobs
    add column restaurant_limit integer not null default 1 check (restaurant_limit > 0),
    add column secrets_erased_at timestamptz,
    add column lacks_secrets boolean not null default false;
comment on column public.script_jobs.restaurant_limit is 'how many jobs may run at once in this job''s restaurant';
comment on column public.script_jobs.secrets_erased_at is
    'when input_payload of a job that ended without completing was cleared of sealed values';
comment on column public.script_jobs.lacks_secrets is 'it had sealed values, so it cannot be retried without them';
grant insert (restaurant_limit) on public.script_jobs to authenticated;

-- Indexes ------------------------------------------------------------------------------------------------------------
create index script_jobs_running_restaurant on public.script_jobs (restaurant_id, started_at)
    where status = 'in_progress' and restaurant_id is not null;
create index script_jobs_running_restaurant_name on public.script_jobs (restaurant_key, started_at)
    where status = 'in_progress' and restaurant_key is not null;
create index script_jobs_with_secrets on public.script_jobs (completed_at)
    where status in ('failed', 'timed_out', 'cancelled') and secrets_erased_at is null;

-- Lists (store/lists.py): an index for each order, and one for the filter by type and status together.
create index script_jobs_type_status on public.script_jobs (organisation_id, job_type, status, created_at desc, id desc);
drop index public.script_jobs_updated;
create index script_jobs_updated on public.script_jobs (organisation_id, updated_at desc, id desc);
create index script_jobs_started on public.script_jobs (organisation_id, started_at desc nulls last, id desc);
create index script_jobs_completed on public.script_jobs (organisation_id, completed_at desc nulls last, id desc);
create index script_jobs_priority on public.script_jobs (organisation_id, priority desc, created_at desc, id desc);

-- One script at a time in a restaurant -------------------------------------------------------------------------------
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

-- Lists --------------------------------------------------------------------------------------------------------------
-- Under a row policy the planner uses a condition for an index only when its operator is leakproof, and that of enums is
-- not: a caller's list by status or type would read the whole organisation. So these functions find the ids (SECURITY
-- DEFINER, for members of the organisation alone), and the caller reads the rows themselves under the policies.
create function public.script_jobs_list_conditions(organisation uuid, kind text, restaurant uuid, since timestamptz)
    returns text language plpgsql stable set search_path = ''
as $$
begin
    -- False for everybody else: the list is empty.
    return format('organisation_id = %L', case
               when coalesce(auth.role(), '') = 'service_role' or organisation = any (public.script_jobs_organisations())
               then organisation end)
        || coalesce(' and job_type = ' || quote_literal(kind), '')
        || coalesce(' and restaurant_id = ' || quote_literal(restaurant), '')
        || coalesce(' and created_at >= ' || quote_literal(since), '');
end $$;

-- The ids of one page. `key` is a column of script_jobs. Types and statuses stand as constants in the statement, so the
-- planner knows which are rare. An index that begins with the status gives the newest jobs of one status in order, not
-- those of several; so such a list is merged from one range for each. A restaurant has few jobs; they are sorted.
create function public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid,
                                        since timestamptz, key text, descending boolean, skip integer, most integer)
    returns setof uuid language plpgsql stable security definer set search_path = ''
as $$
declare
    way constant text := case when descending then ' desc' else ' asc' end;
    by_type constant boolean := key = 'job_type' and kind is null and restaurant is null;
    by_status constant boolean := restaurant is null and not by_type
        and (key = 'status' or key in ('created_at', 'job_type') and cardinality(statuses) > 1);
    conditions text := public.script_jobs_list_conditions(organisation, kind, restaurant, since);
    -- Jobs without such a time stand last in a descending list and first in an ascending one: one index serves both.
    first constant text := format('%I', key) || way || case when key not in ('started_at', 'completed_at') then ''
                                                            when descending then ' nulls last' else ' nulls first' end;
    -- Of jobs with the same status, type or priority the newest stands first in a descending list.
    rest constant text := case when key in ('status', 'job_type', 'priority') then 'created_at' || way || ', ' else '' end
                          || 'id' || way;
    ranges text;
begin
    if statuses <> '{}' and not by_status then
        conditions := conditions || format(' and status = any (%L::public.script_job_status[])', statuses);
    end if;
    select string_agg(
        format('(select id, %I as key, created_at from public.script_jobs where %s order by %s limit %s)', key,
               concat_ws(' and ', conditions, part.condition),
               case when part.condition is not null and key in ('status', 'job_type') then rest
                    else first || ', ' || rest end, skip + most), ' union all ')
    into ranges
    from (
        select format('job_type = %L', kinds.kind) as condition
        from unnest(enum_range(null::public.script_job_type)) as kinds (kind) where by_type
        union all
        select format('status = %L', states.state)
        from unnest(case when statuses <> '{}' then statuses::public.script_job_status[]
                         else enum_range(null::public.script_job_status) end) as states (state) where by_status
        union all
        select null where not (by_type or by_status)
    ) as part;
    return query execute format(
        'select id from (%s) as found order by %s, %s offset %s limit %s', ranges,
        case when key in ('status', 'job_type') then 'key::text' || way else replace(first, format('%I', key), 'key') end,
        rest, skip, most);
end $$;

-- How many there are, at most `most`.
create function public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid,
                                         since timestamptz, most integer)
    returns integer language plpgsql stable security definer set search_path = ''
as $$
declare
    found_ integer;
begin
    execute format('select count(*) from (select from public.script_jobs where %s%s limit %s) as every',
                   public.script_jobs_list_conditions(organisation, kind, restaurant, since),
                   case when statuses <> '{}'
                        then format(' and status = any (%L::public.script_job_status[])', statuses) else '' end, most)
    into found_;
    return found_;
end $$;

-- Secrets of ended jobs ----------------------------------------------------------------------------------------------
-- A JSON value with every sealed value in it replaced by the mark of an erased one (sealing.py: SEALED, ERASED).
create function public.script_jobs_without_secrets(value jsonb) returns jsonb
    language plpgsql immutable set search_path = ''
as $$
begin
    return case jsonb_typeof(value)
        when 'object' then
            case when value ? '$sealed' then '{"$erased": true}'::jsonb
                 else (select coalesce(jsonb_object_agg(part.key, public.script_jobs_without_secrets(part.value)), '{}')
                       from jsonb_each(value) part) end
        when 'array' then
            (select coalesce(jsonb_agg(public.script_jobs_without_secrets(part.value) order by part.place), '[]')
             from jsonb_array_elements(value) with ordinality as part (value, place))
        else value end;
end $$;

-- Erases the secrets of one ended job, or of up to `most` that ended `age_s` seconds ago. Rows that somebody is retrying
-- at this moment are skipped; a retry that comes later finds lacks_secrets set.
create function public.script_jobs_erase_old_secrets(age_s float, most integer) returns integer
    language plpgsql set search_path = ''
as $$
declare
    erased integer;
begin
    update public.script_jobs j
    set input_payload = public.script_jobs_without_secrets(j.input_payload), secrets_erased_at = now(),
        lacks_secrets = j.lacks_secrets or j.input_payload::text like '%"$sealed"%'
    where j.id in (
        select old.id from public.script_jobs old
        where old.status in ('failed', 'timed_out', 'cancelled') and old.secrets_erased_at is null
          and old.completed_at < now() - make_interval(secs => age_s)
        order by old.completed_at limit most for no key update skip locked);
    get diagnostics erased = row_count;
    return erased;
end $$;

-- SECURITY DEFINER, for the reason of migration 0004. The update takes the row's lock, so of this and a retry at the same
-- moment the later one finds the other's work done.
create function public.script_jobs_erase_secrets(job uuid, out outcome text, out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set input_payload = public.script_jobs_without_secrets(j.input_payload),
        secrets_erased_at = coalesce(j.secrets_erased_at, now()),
        lacks_secrets = j.lacks_secrets or j.input_payload::text like '%"$sealed"%'
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled')
      and public.script_jobs_may_act(j.organisation_id)
    returning 'erased', j.status into outcome, status;
    if found then
        perform public.script_jobs_say(job, 'action', '{"action": "erase_secrets"}');
    else
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

-- As in 0008: a job whose secrets are gone is not started again (`erased`).
create or replace function public.script_jobs_retry(job uuid, from_start boolean, out outcome text,
                                         out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set status = 'pending', retry_count = 0, next_retry_at = null, run_at = null, result = null,
        error_code = null, error_message = null, error_stack = null, stop_requested_at = null, stop_requested_by = null,
        stop_stage = null, progress_percent = 0, progress_message = null, current_step = 0, resumed_step = null,
        checkpoint_step = case when not from_start then checkpoint_step end
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled') and not j.lacks_secrets
      and public.script_jobs_may_act(j.organisation_id)
    returning 'retried', j.status into outcome, status;
    if found and from_start then
        delete from public.script_job_checkpoints c where c.job_id = job;
    elsif outcome is null then
        select case when j.lacks_secrets and j.status in ('failed', 'timed_out', 'cancelled')
                    then 'erased' else 'refused' end, j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
exception when unique_violation then
    outcome := 'duplicate';
end $$;

revoke all on function public.script_jobs_list_conditions, public.script_jobs_list, public.script_jobs_count,
    public.script_jobs_without_secrets, public.script_jobs_erase_old_secrets,
    public.script_jobs_erase_secrets from public;
grant execute on function public.script_jobs_without_secrets, public.script_jobs_erase_old_secrets to service_role;
grant execute on function public.script_jobs_list, public.script_jobs_count, public.script_jobs_erase_secrets to authenticated, service_role;
