-- The whole schema today, as pg_dump writes it. Made by `bin/migrate --dump`; a test keeps it true.
CREATE SCHEMA auth;

COMMENT ON SCHEMA auth IS 'made by script-jobs';

CREATE TYPE public.script_job_status AS ENUM (
    'pending',
    'queued',
    'in_progress',
    'completed',
    'failed',
    'cancelled',
    'timed_out'
);

CREATE TYPE public.script_job_type AS ENUM (
    'add-item-tags',
    'add-option-sets',
    'import-csv-menu',
    'register-restaurant',
    'configure-website-dark',
    'configure-website-light',
    'setup-stripe-payments',
    'setup-stripe-payments-no-link',
    'setup-services',
    'setup-system-settings',
    'create-api-key',
    'finalise-onboarding'
);

CREATE TYPE public.script_jobs_claimed AS (
	id uuid,
	job_id text,
	job_type text,
	payload jsonb,
	fence bigint,
	attempt integer,
	timeout_ms integer,
	organisation_id uuid,
	checkpoints jsonb
);

CREATE TYPE public.script_jobs_hindrance AS (
	code text,
	lane text,
	until timestamp with time zone,
	other uuid,
	note text
);

COMMENT ON TYPE public.script_jobs_hindrance IS 'why a job may not run now: code, its held_by meanwhile, when that ends, whose doing it is, a reason in words';

CREATE FUNCTION auth.role() RETURNS text
    LANGUAGE sql STABLE
    AS $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;

COMMENT ON FUNCTION auth.role() IS 'made by script-jobs';

CREATE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid $$;

COMMENT ON FUNCTION auth.uid() IS 'made by script-jobs';

CREATE FUNCTION public.script_job_events_tell() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    perform pg_notify('script_job_events', told.job_id::text) from (select distinct job_id from fresh) as told;
    return null;
end $$;

CREATE FUNCTION public.script_job_prerequisites_check() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_add_organisation(wanted text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    organisation uuid;
begin
    select id into organisation from public.organisations where name = wanted order by id limit 1;
    if not found then
        insert into public.organisations (id, name) values (gen_random_uuid(), wanted) returning id into organisation;
    end if;
    return organisation;
end $$;

CREATE FUNCTION public.script_jobs_add_person(address text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    person uuid := public.script_jobs_find_person(address);
begin
    if person is not null then
        return person;
    end if;
    if public.script_jobs_made('auth.users') then
        insert into auth.users (email) values (address) on conflict do nothing;
    else
        insert into public.script_job_people (email) values (address) on conflict do nothing;
    end if;
    return public.script_jobs_find_person(address);
end $$;

CREATE FUNCTION public.script_jobs_admit(login name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    part name;
    routine regprocedure;
begin
    foreach part in array array['authenticated', 'service_role'] loop
        if not pg_has_role(login, part, 'member') then
            execute format('grant %I to %I', part, login);
        end if;
    end loop;
    for routine in select oid::regprocedure from pg_proc
                   where pronamespace = 'public'::regnamespace and proname like 'script\_jobs\_%'
                     and prosrc like '%set_config(''role'', ''service_role''%'
                     and not has_function_privilege(login, oid, 'execute') loop
        execute format('grant execute on function %s to %I', routine, login);
    end loop;
end $$;

CREATE FUNCTION public.script_jobs_after_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_ahead(share integer, before integer) RETURNS TABLE(job_type text, size integer, ran_ms double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    (select r.job_type::text, r.payload_size, extract(epoch from now() - r.started_at) * 1000
     from public.script_jobs r where r.status = 'in_progress' limit 200)
    union all
    (select j.job_type::text, j.payload_size, null
     from public.script_jobs_front(share) with ordinality as front (id, place)
     join public.script_jobs j on j.id = front.id
     order by front.place limit before)
$$;

CREATE FUNCTION public.script_jobs_apply_rules() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
    ours regclass;
    routine regprocedure;
    reference record;
begin
    -- Row policies bind the owner as well: a connection of the owner that has lost its role reads nothing. What works
    -- as the owner for somebody else (SECURITY DEFINER) reads everything, and so do migrations.
    for ours in select c.oid::regclass from pg_class c
                where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
                  and (c.relname like 'script\_job%' or public.script_jobs_made(c.oid::regclass::text)) loop
        execute format('alter table %s force row level security', ours);
        execute format('drop policy if exists "script-jobs: owner" on %s', ours);
        execute format($policy$create policy "script-jobs: owner" on %s to %I using (
            session_user <> current_user or current_setting('role') <> 'none'
            or current_setting('script_jobs.migrating', true) = 'on')$policy$,
            ours, (select pg_get_userbyid(relowner) from pg_class where oid = ours));
        execute format('revoke all on %s from public, anon', ours);
    end loop;
    for ours in select oid::regclass from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
                and relname like 'script\_job%' loop
        execute format('revoke all on %s from public, anon', ours);
    end loop;
    -- Who may not act as the service role must not reach what becomes it; nobody calls a trigger.
    for routine in select p.oid::regprocedure from pg_proc p
                   where p.pronamespace = 'public'::regnamespace and p.proname like 'script\_jobs\_%' loop
        execute format('revoke all on function %s from public, anon', routine);
        if exists (select from pg_proc where oid = routine
                   and (prosrc like '%set_config(''role''%' or prorettype = 'trigger'::regtype)) then
            execute format('revoke all on function %s from authenticated', routine);
        end if;
    end loop;
    -- People of ours are not in somebody else's table of users.
    if not public.script_jobs_made('auth.users') then
        for reference in select conrelid::regclass as relation, conname from pg_constraint
                         where contype = 'f' and confrelid = 'auth.users'::regclass
                           and (conrelid::regclass::text like 'script\_job%'
                                or conrelid::regclass::text like 'public.script\_job%'
                                or public.script_jobs_made(conrelid::regclass::text)) loop
            execute format('alter table %s drop constraint %I', reference.relation, reference.conname);
        end loop;
    end if;
    if to_regclass('public.alembic_version') is not null then
        alter table public.alembic_version enable row level security;
        revoke all on public.alembic_version from public, anon, authenticated;
        grant select on public.alembic_version to service_role;
        drop policy if exists "script-jobs: version" on public.alembic_version;
        create policy "script-jobs: version" on public.alembic_version for select to service_role using (true);
    end if;
end $_$;

CREATE FUNCTION public.script_jobs_before_write() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine constant uuid[] := public.script_jobs_organisations(true);
    served constant boolean := coalesce(auth.role(), '') = 'service_role';
begin
    update public.script_jobs j
    set status = 'cancelled', next_retry_at = null
    where j.id = job and j.status in ('pending', 'queued') and (served or j.organisation_id = any (mine))
    returning 'cancelled', j.status, j.cancelled_at into outcome, status, cancelled_at;
    if not found then
        select 'refused', j.status, j.cancelled_at into outcome, status, cancelled_at
        from public.script_jobs j
        where j.id = job and (served or j.organisation_id = any (mine));
    end if;
end $$;

CREATE FUNCTION public.script_jobs_cancel_rest(job uuid) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    with recursive rest (id) as (
        select b.job_id from public.script_job_prerequisites a
        join public.script_jobs n on n.id = a.needs_id and n.status in ('failed', 'timed_out', 'cancelled')
        join public.script_job_prerequisites b on b.needs_id = n.id and b.waived_at is null
        where a.job_id = job and a.waived_at is null
        union
        select p.job_id from public.script_job_prerequisites p join rest on p.needs_id = rest.id
        where p.waived_at is null
    ), locked as (
        select j.id from public.script_jobs j
        where j.id in (select rest.id from rest) and j.status in ('pending', 'queued')
          and public.script_jobs_may_act(j.organisation_id)
        order by j.id for update
    )
    update public.script_jobs j set status = 'cancelled', next_retry_at = null
    from locked where j.id = locked.id and j.status in ('pending', 'queued')
    returning j.job_id;
end $$;

CREATE FUNCTION public.script_jobs_claim(worker text, lease_s double precision, types text[], share integer, wanted integer) RETURNS SETOF public.script_jobs_claimed
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.script_jobs_complete(job uuid, fence bigint, worker text, said jsonb, kept jsonb) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, most integer) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_erase_old_secrets(age_s double precision, most integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
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
end $_$;

CREATE FUNCTION public.script_jobs_erase_secrets(job uuid, OUT outcome text, OUT status public.script_job_status) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
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
end $_$;

CREATE FUNCTION public.script_jobs_find_email(person uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    address text;
begin
    select email into address from public.script_job_people where id = person;
    if not found then
        select u.email into address from auth.users u where u.id = person and to_jsonb(u) ->> 'deleted_at' is null
          and coalesce((to_jsonb(u) ->> 'banned_until')::timestamptz <= now(), true);
    end if;
    return address;
exception when insufficient_privilege then
    return address;
end $$;

CREATE FUNCTION public.script_jobs_find_person(address text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    person uuid;
begin
    select id into person from public.script_job_people where lower(email) = lower(address);
    if not found then
        select u.id into person from auth.users u
        where lower(u.email) = lower(address) and to_jsonb(u) ->> 'deleted_at' is null
          and coalesce((to_jsonb(u) ->> 'banned_until')::timestamptz <= now(), true)
        order by coalesce((to_jsonb(u) ->> 'is_sso_user')::boolean, false), u.id limit 1;
    end if;
    return person;
exception when insufficient_privilege then
    return person;
end $$;

CREATE FUNCTION public.script_jobs_front(share integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_full(organisation uuid, share integer, total integer) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select case
        when exists (select from public.script_jobs where organisation_id = organisation
                     and status in ('pending', 'queued') offset share - 1 limit 1) then 'organisation'
        when total <= (select count(*) from (
            (select from public.script_jobs where status in ('pending', 'queued') and held_by is null limit total)
            union all
            (select from public.script_jobs where status in ('pending', 'queued') and held_by is not null limit total)
        ) as waiting) then 'total' end
$$;

CREATE FUNCTION public.script_jobs_has_members() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ select exists (select from public.script_job_memberships) $$;

CREATE TABLE public.script_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_id text DEFAULT ((('JOB_'::text || to_char((now() AT TIME ZONE 'UTC'::text), 'YYYYMMDD_HH24MISS'::text)) || '_'::text) || "left"(replace((gen_random_uuid())::text, '-'::text, ''::text), 8)) NOT NULL,
    job_type public.script_job_type NOT NULL,
    status public.script_job_status DEFAULT 'pending'::public.script_job_status NOT NULL,
    input_payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb,
    error_message text,
    error_code text,
    error_stack text,
    retry_count integer DEFAULT 0 NOT NULL,
    max_retries integer DEFAULT 3 NOT NULL,
    retry_delay_ms integer DEFAULT 5000 NOT NULL,
    next_retry_at timestamp with time zone,
    progress_percent integer DEFAULT 0,
    progress_message text,
    current_step integer DEFAULT 0,
    total_steps integer DEFAULT 0,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    timeout_at timestamp with time zone,
    worker_id text,
    process_pid integer,
    organisation_id uuid,
    restaurant_id uuid,
    created_by uuid,
    priority integer DEFAULT 0 NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb,
    timeout_ms integer DEFAULT 300000 NOT NULL,
    run_at timestamp with time zone,
    attempt_id bigint,
    attempt_count integer DEFAULT 0 NOT NULL,
    held_by text,
    concurrency_key text,
    concurrency_limit integer DEFAULT 2 NOT NULL,
    rate_key text,
    rate_interval_ms integer DEFAULT 0 NOT NULL,
    restaurant_key text,
    allow_duplicate boolean DEFAULT false NOT NULL,
    payload_size integer,
    stop_requested_at timestamp with time zone,
    stop_requested_by uuid,
    stop_stage text,
    checkpoint_step integer,
    resumed_step integer,
    keep boolean DEFAULT false NOT NULL,
    restaurant_limit integer DEFAULT 1 NOT NULL,
    secrets_erased_at timestamp with time zone,
    lacks_secrets boolean DEFAULT false NOT NULL,
    CONSTRAINT a_job_to_be_stopped_does_not_wait CHECK (((stop_requested_at IS NULL) OR (status <> ALL (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])))),
    CONSTRAINT a_running_job_has_an_attempt CHECK (((status <> 'in_progress'::public.script_job_status) OR (attempt_id IS NOT NULL))),
    CONSTRAINT retries_are_in_bounds CHECK (((retry_count >= 0) AND (max_retries >= 0) AND (retry_delay_ms >= 0))),
    CONSTRAINT script_jobs_concurrency_limit_check CHECK ((concurrency_limit > 0)),
    CONSTRAINT script_jobs_progress_percent_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100))),
    CONSTRAINT script_jobs_rate_interval_ms_check CHECK ((rate_interval_ms >= 0)),
    CONSTRAINT script_jobs_restaurant_limit_check CHECK ((restaurant_limit > 0)),
    CONSTRAINT script_jobs_stop_stage_check CHECK ((stop_stage = ANY (ARRAY['asked'::text, 'closing the browser'::text, 'ended'::text]))),
    CONSTRAINT script_jobs_timeout_ms_check CHECK ((timeout_ms > 0))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE ONLY public.script_jobs FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.script_jobs.timeout_ms IS 'the job type''s time limit of one attempt, set at insert';

COMMENT ON COLUMN public.script_jobs.run_at IS 'not claimable before';

COMMENT ON COLUMN public.script_jobs.attempt_id IS 'the running or last attempt, and the fence: a worker''s write counts only while this is its own attempt';

COMMENT ON COLUMN public.script_jobs.attempt_count IS 'attempts begun so far';

COMMENT ON COLUMN public.script_jobs.held_by IS 'why it stands beside the line: time, prerequisites, or the name of a lane; null while it stands in line. It keeps claims short and decides nothing';

COMMENT ON COLUMN public.script_jobs.concurrency_key IS 'what only concurrency_limit jobs may use at once: the portal account';

COMMENT ON COLUMN public.script_jobs.rate_key IS 'what only one job may begin to use in rate_interval_ms';

COMMENT ON COLUMN public.script_jobs.rate_interval_ms IS 'time between two beginnings with the same rate_key';

COMMENT ON COLUMN public.script_jobs.restaurant_key IS 'the restaurant as the payload names it: account and name, in lower case';

COMMENT ON COLUMN public.script_jobs.allow_duplicate IS 'a second active job of its type for its restaurant was wanted';

COMMENT ON COLUMN public.script_jobs.payload_size IS 'how many items the payload names, where its type counts them';

COMMENT ON COLUMN public.script_jobs.stop_requested_at IS 'somebody insisted; however the attempt ends, it is not tried again';

COMMENT ON COLUMN public.script_jobs.stop_requested_by IS 'who did; no reference, since the history of a job outlives people';

COMMENT ON COLUMN public.script_jobs.stop_stage IS 'how far the stop has come';

COMMENT ON COLUMN public.script_jobs.checkpoint_step IS 'the step in which the newest checkpoint was saved: where a retry goes on';

COMMENT ON COLUMN public.script_jobs.resumed_step IS 'the step at which this attempt found work of an earlier one';

COMMENT ON COLUMN public.script_jobs.keep IS 'the sweep of old jobs leaves it';

COMMENT ON COLUMN public.script_jobs.restaurant_limit IS 'how many jobs may run at once in this job''s restaurant';

COMMENT ON COLUMN public.script_jobs.secrets_erased_at IS 'when input_payload of a job that ended without completing was cleared of sealed values';

COMMENT ON COLUMN public.script_jobs.lacks_secrets IS 'it had sealed values, so it cannot be retried without them';

CREATE FUNCTION public.script_jobs_hindrance(job public.script_jobs, share integer) RETURNS public.script_jobs_hindrance
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_hold() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.held_by := case when new.status in ('pending', 'queued') and greatest(new.run_at, new.next_retry_at) > now()
                        then 'time' end;
    return new;
end $$;

CREATE FUNCTION public.script_jobs_is_legal_move(before public.script_job_status, after public.script_job_status) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_join(person uuid, organisation uuid, part text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if public.script_jobs_made('public.user_organisations') then
        insert into public.user_organisations as m (user_id, organisation_id, role)
        values (person, organisation, coalesce(part, 'staff'))
        on conflict (user_id, organisation_id) do update set role = coalesce(part, m.role);
    else
        insert into public.script_job_members as m (user_id, organisation_id, role)
        values (person, organisation, coalesce(part, 'staff'))
        on conflict (user_id, organisation_id) do update set role = coalesce(part, m.role);
    end if;
end $$;

CREATE FUNCTION public.script_jobs_keep(job uuid, kept boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update public.script_jobs j set keep = kept where j.id = job and public.script_jobs_may_act(j.organisation_id);
    if found then
        perform public.script_jobs_say(job, 'action', jsonb_build_object('action', case when kept then 'keep' else 'let_go' end));
    end if;
    return found;
end $$;

CREATE FUNCTION public.script_jobs_leave(person uuid, organisation text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    left_ours integer;
    left_theirs integer := 0;
begin
    delete from public.script_job_members m using public.organisations o
    where m.user_id = person and o.id = m.organisation_id and (organisation is null or o.name = organisation);
    get diagnostics left_ours = row_count;
    if public.script_jobs_made('public.user_organisations') then
        delete from public.user_organisations m using public.organisations o
        where m.user_id = person and o.id = m.organisation_id and (organisation is null or o.name = organisation);
        get diagnostics left_theirs = row_count;
    end if;
    return left_ours + left_theirs;
end $$;

CREATE FUNCTION public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, key text, descending boolean, skip integer, most integer) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_list_conditions(organisation uuid, kind text, restaurant uuid, since timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
    -- False for everybody else: the list is empty.
    return format('organisation_id = %L', case
               when coalesce(auth.role(), '') = 'service_role' or organisation = any (public.script_jobs_organisations())
               then organisation end)
        || coalesce(' and job_type = ' || quote_literal(kind), '')
        || coalesce(' and restaurant_id = ' || quote_literal(restaurant), '')
        || coalesce(' and created_at >= ' || quote_literal(since), '');
end $$;

CREATE FUNCTION public.script_jobs_list_people() RETURNS TABLE(user_id uuid, email text, organisation_name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select m.user_id, known.email, o.name::text, m.role
    from public.script_job_memberships m
    join public.organisations o on o.id = m.organisation_id
    cross join lateral (select public.script_jobs_find_email(m.user_id) as email) known
    order by lower(known.email), o.name, o.id
$$;

CREATE FUNCTION public.script_jobs_made(relation text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$ select coalesce(obj_description(to_regclass(relation), 'pg_class') = 'made by script-jobs', false) $$;

CREATE FUNCTION public.script_jobs_may_act(organisation uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select coalesce(auth.role(), '') = 'service_role' or organisation = any (public.script_jobs_organisations(true))
$$;

CREATE FUNCTION public.script_jobs_memberships(person uuid) RETURNS TABLE(organisation_id uuid, organisation_name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select m.organisation_id, o.name::text, m.role
    from public.script_job_memberships m join public.organisations o on o.id = m.organisation_id
    where m.user_id = person order by o.name, o.id
$$;

CREATE FUNCTION public.script_jobs_organisations(acting boolean DEFAULT false) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.script_job_memberships
    where user_id = auth.uid() and (not acting or role <> 'viewer')
$$;

COMMENT ON FUNCTION public.script_jobs_organisations(acting boolean) IS 'Organisations of the caller; with acting, only those in which the caller may do more than look.';

CREATE FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return exists (select from public.pumpd_restaurants r where r.id = restaurant and r.organisation_id = organisation);
end $$;

CREATE FUNCTION public.script_jobs_renew(beat jsonb, stopping boolean, lease_s double precision, fences bigint[]) RETURNS SETOF bigint
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
    perform set_config('role', 'service_role', true);
    return query
        update public.script_job_attempts
        set lease_expires_at = now() + make_interval(secs => lease_s)
        where id = any (fences) and ended_at is null
        returning id;
    insert into public.script_job_workers as w (id, host, pid, version, slots, job_types, is_stopping, alive_until)
    values (beat ->> 'id', beat ->> 'host', (beat ->> 'pid')::integer, beat ->> 'version', (beat ->> 'slots')::integer,
            array(select jsonb_array_elements_text(beat -> 'job_types')), stopping,
            now() + make_interval(secs => lease_s))
    on conflict (id) do update
        set heartbeat_at = now(), alive_until = excluded.alive_until, is_stopping = excluded.is_stopping;
end $$;

CREATE FUNCTION public.script_jobs_retry(job uuid, from_start boolean, OUT outcome text, OUT status public.script_job_status) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_return_to_line(share integer, wanted integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_run_now(job uuid, OUT outcome text, OUT status public.script_job_status) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update public.script_jobs j set run_at = null, next_retry_at = null
    where j.id = job and j.status in ('pending', 'queued') and public.script_jobs_may_act(j.organisation_id)
    returning 'released', j.status into outcome, status;
    if found then
        update public.script_job_prerequisites p set waived_at = now()
        where p.job_id = job and p.waived_at is null
          and exists (select from public.script_jobs n
                      where n.id = p.needs_id and n.status in ('failed', 'timed_out', 'cancelled'));
        perform public.script_jobs_say(job, 'action', '{"action": "run_now"}');
        perform pg_notify('script_jobs_ready', '');
    else
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

CREATE FUNCTION public.script_jobs_samples(type text) RETURNS TABLE(duration_ms double precision, size integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select extract(epoch from newest.completed_at - newest.started_at) * 1000, newest.payload_size
    from (
        select * from public.script_jobs
        where job_type = type::public.script_job_type and status = 'completed'
        order by completed_at desc limit 200
    ) as newest
    where newest.attempt_count = 1
$$;

CREATE FUNCTION public.script_jobs_say(job uuid, kind text, data jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
    insert into public.script_job_events (job_id, attempt, kind, actor, data)
    select j.id, j.attempt_count, kind,
           coalesce(nullif(current_setting('script_jobs.actor', true), ''), 'user:' || auth.uid(),
                    'database:' || session_user), data
    from public.script_jobs j where j.id = job
$$;

CREATE FUNCTION public.script_jobs_set_free() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_stop(job uuid, OUT outcome text, OUT status public.script_job_status) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update public.script_jobs j set stop_requested_at = now(), stop_requested_by = auth.uid(), stop_stage = 'asked'
    where j.id = job and j.status = 'in_progress' and j.stop_requested_at is null
      and public.script_jobs_may_act(j.organisation_id)
    returning 'asked', j.status into outcome, status;
    if found then
        perform public.script_jobs_say(job, 'stop', '{"stage": "asked"}');
        perform pg_notify('script_jobs_stop', job::text);
    else
        select case when j.stop_requested_at is null then 'refused' when j.status = 'in_progress' then 'asked'
                    when j.status = 'cancelled' then 'stopped' else 'refused' end, j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

CREATE FUNCTION public.script_jobs_waiting(jobs uuid[], share integer) RETURNS TABLE(id uuid, code text, until timestamp with time zone, other_id uuid, other_job_id text, other_type text, note text, place integer, slots integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.script_jobs_without_secrets(value jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO ''
    AS $_$
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
end $_$;

CREATE TABLE auth.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE auth.users IS 'made by script-jobs';

CREATE TABLE public.organisations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.organisations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.organisations IS 'made by script-jobs';

CREATE TABLE public.pumpd_accounts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organisation_id uuid,
    restaurant_id uuid,
    email text NOT NULL,
    password jsonb,
    status text DEFAULT 'active'::text NOT NULL
);

ALTER TABLE ONLY public.pumpd_accounts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.pumpd_accounts IS 'made by script-jobs';

CREATE TABLE public.pumpd_restaurants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organisation_id uuid,
    restaurant_id uuid,
    account_id uuid,
    portal_id text,
    name text,
    subdomain text,
    dashboard_url text,
    store_url text,
    status text DEFAULT 'registered'::text NOT NULL,
    configured jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY public.pumpd_restaurants FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.pumpd_restaurants IS 'made by script-jobs';

CREATE TABLE public.registration_logs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organisation_id uuid,
    restaurant_id uuid,
    action text NOT NULL,
    status text NOT NULL,
    script text,
    duration_ms integer,
    error_message text,
    initiated_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.registration_logs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.registration_logs IS 'made by script-jobs';

CREATE TABLE public.restaurants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    organisation_id uuid
);

ALTER TABLE ONLY public.restaurants FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.restaurants IS 'made by script-jobs';

CREATE TABLE public.script_job_attempts (
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    number integer NOT NULL,
    worker_id text NOT NULL,
    lease_expires_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    error_code text,
    error_message text,
    error_stack text,
    resumed_step integer,
    CONSTRAINT an_ended_attempt_has_an_outcome CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT script_job_attempts_number_check CHECK ((number > 0)),
    CONSTRAINT script_job_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'failed'::text, 'timed_out'::text, 'cancelled'::text, 'released'::text, 'lost'::text])))
);

ALTER TABLE ONLY public.script_job_attempts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_attempts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_job_attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_job_checkpoints (
    job_id uuid NOT NULL,
    name text NOT NULL,
    value jsonb,
    attempt integer NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.script_job_checkpoints FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_events (
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    kind text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    actor text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_job_events_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'step'::text, 'progress'::text, 'log'::text, 'screenshot'::text, 'result'::text, 'stop'::text, 'action'::text])))
);

ALTER TABLE ONLY public.script_job_events FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.script_job_events.actor IS 'who moved the job: user:<id>, worker:<id>, sweep:<id>, or database:<role>; set on events of kind status';

ALTER TABLE public.script_job_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_job_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_job_files (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    step integer,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    storage_key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_job_files_size_check CHECK ((size >= 0))
);

ALTER TABLE ONLY public.script_job_files FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_keys (
    fingerprint text NOT NULL,
    first_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.script_job_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_members (
    user_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    role text DEFAULT 'staff'::text NOT NULL
);

ALTER TABLE ONLY public.script_job_members FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.script_job_members IS 'memberships that we gave, where public.user_organisations is not ours';

CREATE TABLE public.user_organisations (
    user_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    role text DEFAULT 'staff'::text NOT NULL
);

ALTER TABLE ONLY public.user_organisations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.user_organisations IS 'made by script-jobs';

CREATE VIEW public.script_job_memberships AS
 SELECT m.user_id,
    m.organisation_id,
    m.role
   FROM public.script_job_members m
UNION ALL
 SELECT DISTINCT ON (u.user_id, u.organisation_id) u.user_id,
    u.organisation_id,
    u.role
   FROM public.user_organisations u
  WHERE (NOT (EXISTS ( SELECT
           FROM public.script_job_members m
          WHERE ((m.user_id = u.user_id) AND (m.organisation_id = u.organisation_id)))));

CREATE TABLE public.script_job_pauses (
    scope text NOT NULL,
    reason text NOT NULL,
    paused_by text NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.script_job_pauses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_people (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.script_job_people FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.script_job_people IS 'people whom we added, where auth.users is not ours';

CREATE TABLE public.script_job_prerequisites (
    job_id uuid NOT NULL,
    needs_id uuid NOT NULL,
    waived_at timestamp with time zone,
    CONSTRAINT a_job_does_not_need_itself CHECK ((job_id <> needs_id))
);

ALTER TABLE ONLY public.script_job_prerequisites FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.script_job_prerequisites.waived_at IS 'somebody said: run anyway';

CREATE TABLE public.script_job_requests (
    user_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    status integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.script_job_requests FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_schema (
    compatible_from text NOT NULL
);

ALTER TABLE ONLY public.script_job_schema FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_sessions (
    id text NOT NULL,
    token_hash text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    user_agent text NOT NULL,
    address text NOT NULL
);

ALTER TABLE ONLY public.script_job_sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_sign_in_links (
    token_hash text NOT NULL,
    user_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.script_job_sign_in_links FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_sign_ins (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.script_job_sign_ins FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_steps (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    "position" integer NOT NULL,
    title text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    duration_ms integer,
    CONSTRAINT script_job_steps_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.script_job_steps FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_tokens (
    id text NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.script_job_tokens FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_uploads (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    created_by uuid,
    kind text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    storage_key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    preview jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT script_job_uploads_kind_check CHECK ((kind = ANY (ARRAY['csv'::text, 'image'::text]))),
    CONSTRAINT script_job_uploads_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT script_job_uploads_size_check CHECK ((size > 0))
);

ALTER TABLE ONLY public.script_job_uploads FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.script_job_uploads.preview IS 'the menu''s rows, problems and sample, or the picture''s size';

CREATE TABLE public.script_job_used_uploads (
    job_id uuid NOT NULL,
    upload_id uuid NOT NULL
);

ALTER TABLE ONLY public.script_job_used_uploads FORCE ROW LEVEL SECURITY;

CREATE TABLE public.script_job_workers (
    id text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    slots integer NOT NULL,
    job_types text[] NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT now() NOT NULL,
    alive_until timestamp with time zone NOT NULL,
    is_stopping boolean DEFAULT false NOT NULL,
    CONSTRAINT script_job_workers_slots_check CHECK ((slots > 0))
);

ALTER TABLE ONLY public.script_job_workers FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.script_job_workers IS 'workers and their heartbeats; what they run stands in script_jobs.worker_id';

CREATE VIEW public.script_jobs_failed_summary WITH (security_invoker='true') AS
 SELECT id,
    job_id,
    job_type,
    status,
    error_code,
    error_message,
    retry_count,
    max_retries,
    organisation_id,
    restaurant_id,
    created_by,
    created_at,
    completed_at
   FROM public.script_jobs
  WHERE ((status = ANY (ARRAY['failed'::public.script_job_status, 'timed_out'::public.script_job_status])) AND (created_at > (now() - '7 days'::interval)) AND ((retry_count >= max_retries) OR (next_retry_at IS NULL)));

CREATE VIEW public.script_jobs_metrics WITH (security_invoker='true') AS
 SELECT job_type,
    count(*) FILTER (WHERE (status = 'completed'::public.script_job_status)) AS completed,
    count(*) FILTER (WHERE (status = ANY (ARRAY['failed'::public.script_job_status, 'timed_out'::public.script_job_status]))) AS failed,
    count(*) FILTER (WHERE (status = 'in_progress'::public.script_job_status)) AS in_progress,
    count(*) FILTER (WHERE (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status]))) AS queued,
    round(((100.0 * (count(*) FILTER (WHERE (status = 'completed'::public.script_job_status)))::numeric) / (NULLIF(count(*) FILTER (WHERE (status = ANY (ARRAY['completed'::public.script_job_status, 'failed'::public.script_job_status, 'timed_out'::public.script_job_status]))), 0))::numeric), 2) AS success_rate_percent,
    round(avg(EXTRACT(epoch FROM (completed_at - started_at))) FILTER (WHERE (status = 'completed'::public.script_job_status)), 2) AS average_duration_seconds
   FROM public.script_jobs
  WHERE (created_at > (now() - '24:00:00'::interval))
  GROUP BY job_type;

CREATE VIEW public.script_jobs_queue_status WITH (security_invoker='true') AS
 SELECT job_type,
    status,
    count(*) AS count,
    round(avg(EXTRACT(epoch FROM (completed_at - started_at))), 2) AS average_duration_seconds,
    min(created_at) AS oldest,
    max(created_at) AS newest
   FROM public.script_jobs
  WHERE (created_at > (now() - '24:00:00'::interval))
  GROUP BY job_type, status;

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pumpd_accounts
    ADD CONSTRAINT pumpd_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pumpd_restaurants
    ADD CONSTRAINT pumpd_restaurants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.registration_logs
    ADD CONSTRAINT registration_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.restaurants
    ADD CONSTRAINT restaurants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_attempts
    ADD CONSTRAINT script_job_attempts_job_id_number_key UNIQUE (job_id, number);

ALTER TABLE ONLY public.script_job_attempts
    ADD CONSTRAINT script_job_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_checkpoints
    ADD CONSTRAINT script_job_checkpoints_pkey PRIMARY KEY (job_id, name);

ALTER TABLE ONLY public.script_job_events
    ADD CONSTRAINT script_job_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_files
    ADD CONSTRAINT script_job_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_keys
    ADD CONSTRAINT script_job_keys_pkey PRIMARY KEY (fingerprint);

ALTER TABLE ONLY public.script_job_members
    ADD CONSTRAINT script_job_members_pkey PRIMARY KEY (user_id, organisation_id);

ALTER TABLE ONLY public.script_job_pauses
    ADD CONSTRAINT script_job_pauses_pkey PRIMARY KEY (scope);

ALTER TABLE ONLY public.script_job_people
    ADD CONSTRAINT script_job_people_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_prerequisites
    ADD CONSTRAINT script_job_prerequisites_pkey PRIMARY KEY (job_id, needs_id);

ALTER TABLE ONLY public.script_job_requests
    ADD CONSTRAINT script_job_requests_pkey PRIMARY KEY (user_id, organisation_id, path, key);

ALTER TABLE ONLY public.script_job_sessions
    ADD CONSTRAINT script_job_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_sessions
    ADD CONSTRAINT script_job_sessions_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.script_job_sign_in_links
    ADD CONSTRAINT script_job_sign_in_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.script_job_sign_ins
    ADD CONSTRAINT script_job_sign_ins_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.script_job_steps
    ADD CONSTRAINT script_job_steps_pkey PRIMARY KEY (job_id, attempt, "position");

ALTER TABLE ONLY public.script_job_tokens
    ADD CONSTRAINT script_job_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_uploads
    ADD CONSTRAINT script_job_uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_job_uploads
    ADD CONSTRAINT script_job_uploads_storage_key_key UNIQUE (storage_key);

ALTER TABLE ONLY public.script_job_used_uploads
    ADD CONSTRAINT script_job_used_uploads_pkey PRIMARY KEY (job_id, upload_id);

ALTER TABLE ONLY public.script_job_workers
    ADD CONSTRAINT script_job_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_jobs
    ADD CONSTRAINT script_jobs_job_id_key UNIQUE (job_id);

ALTER TABLE ONLY public.script_jobs
    ADD CONSTRAINT script_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_organisations
    ADD CONSTRAINT user_organisations_pkey PRIMARY KEY (user_id, organisation_id);

CREATE INDEX script_job_attempts_lease ON public.script_job_attempts USING btree (lease_expires_at) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX script_job_attempts_one_at_a_time ON public.script_job_attempts USING btree (job_id) WHERE (ended_at IS NULL);

CREATE INDEX script_job_events_by_job ON public.script_job_events USING btree (job_id, id);

CREATE INDEX script_job_files_by_job ON public.script_job_files USING btree (job_id, created_at);

CREATE INDEX script_job_members_organisation ON public.script_job_members USING btree (organisation_id);

CREATE UNIQUE INDEX script_job_people_email ON public.script_job_people USING btree (lower(email));

CREATE INDEX script_job_prerequisites_needs ON public.script_job_prerequisites USING btree (needs_id);

CREATE INDEX script_job_requests_age ON public.script_job_requests USING btree (created_at);

CREATE INDEX script_job_sessions_user ON public.script_job_sessions USING btree (user_id);

CREATE INDEX script_job_tokens_user ON public.script_job_tokens USING btree (user_id);

CREATE INDEX script_job_uploads_age ON public.script_job_uploads USING btree (created_at);

CREATE INDEX script_job_uploads_creator ON public.script_job_uploads USING btree (created_by);

CREATE INDEX script_job_uploads_organisation ON public.script_job_uploads USING btree (organisation_id);

CREATE INDEX script_job_used_uploads_by_upload ON public.script_job_used_uploads USING btree (upload_id);

CREATE INDEX script_job_workers_alive ON public.script_job_workers USING btree (alive_until);

CREATE INDEX script_jobs_active ON public.script_jobs USING btree (worker_id) WHERE (status = 'in_progress'::public.script_job_status);

CREATE INDEX script_jobs_completed ON public.script_jobs USING btree (organisation_id, completed_at DESC NULLS LAST, id DESC);

CREATE INDEX script_jobs_created_by ON public.script_jobs USING btree (created_by, created_at DESC);

CREATE INDEX script_jobs_due ON public.script_jobs USING btree (GREATEST(run_at, next_retry_at)) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (held_by = 'time'::text));

CREATE INDEX script_jobs_durations ON public.script_jobs USING btree (job_type, completed_at DESC) WHERE (status = 'completed'::public.script_job_status);

CREATE INDEX script_jobs_ended ON public.script_jobs USING btree (created_at) WHERE ((status = ANY (ARRAY['completed'::public.script_job_status, 'failed'::public.script_job_status, 'cancelled'::public.script_job_status, 'timed_out'::public.script_job_status])) AND (NOT keep));

CREATE INDEX script_jobs_failed ON public.script_jobs USING btree (organisation_id, created_at DESC) WHERE (status = ANY (ARRAY['failed'::public.script_job_status, 'timed_out'::public.script_job_status]));

CREATE INDEX script_jobs_held ON public.script_jobs USING btree (held_by, priority DESC, created_at, id) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (held_by IS NOT NULL));

CREATE INDEX script_jobs_line ON public.script_jobs USING btree (priority DESC, created_at, id) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (held_by IS NULL));

CREATE INDEX script_jobs_line_by_organisation ON public.script_jobs USING btree (organisation_id) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (held_by IS NULL));

CREATE UNIQUE INDEX script_jobs_one_active_for_restaurant ON public.script_jobs USING btree (organisation_id, job_type, restaurant_id) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status, 'in_progress'::public.script_job_status])) AND (NOT allow_duplicate) AND (restaurant_id IS NOT NULL));

CREATE UNIQUE INDEX script_jobs_one_active_for_restaurant_name ON public.script_jobs USING btree (organisation_id, job_type, restaurant_key) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status, 'in_progress'::public.script_job_status])) AND (NOT allow_duplicate) AND (restaurant_key IS NOT NULL));

CREATE INDEX script_jobs_organisation ON public.script_jobs USING btree (organisation_id, created_at DESC, id DESC);

CREATE INDEX script_jobs_organisation_status ON public.script_jobs USING btree (organisation_id, status, created_at DESC, id DESC);

CREATE INDEX script_jobs_priority ON public.script_jobs USING btree (organisation_id, priority DESC, created_at DESC, id DESC);

CREATE INDEX script_jobs_rate ON public.script_jobs USING btree (rate_key, started_at DESC) WHERE ((rate_key IS NOT NULL) AND (started_at IS NOT NULL));

CREATE INDEX script_jobs_restaurant ON public.script_jobs USING btree (restaurant_id, status, created_at DESC);

CREATE INDEX script_jobs_retryable ON public.script_jobs USING btree (next_retry_at) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (next_retry_at IS NOT NULL));

CREATE INDEX script_jobs_running_key ON public.script_jobs USING btree (concurrency_key, started_at) WHERE ((status = 'in_progress'::public.script_job_status) AND (concurrency_key IS NOT NULL));

CREATE INDEX script_jobs_running_restaurant ON public.script_jobs USING btree (restaurant_id, started_at) WHERE ((status = 'in_progress'::public.script_job_status) AND (restaurant_id IS NOT NULL));

CREATE INDEX script_jobs_running_restaurant_name ON public.script_jobs USING btree (restaurant_key, started_at) WHERE ((status = 'in_progress'::public.script_job_status) AND (restaurant_key IS NOT NULL));

CREATE INDEX script_jobs_started ON public.script_jobs USING btree (organisation_id, started_at DESC NULLS LAST, id DESC);

CREATE INDEX script_jobs_timeout ON public.script_jobs USING btree (timeout_at) WHERE (status = 'in_progress'::public.script_job_status);

CREATE INDEX script_jobs_type ON public.script_jobs USING btree (organisation_id, job_type, created_at DESC, id DESC);

CREATE INDEX script_jobs_type_status ON public.script_jobs USING btree (organisation_id, job_type, status, created_at DESC, id DESC);

CREATE INDEX script_jobs_updated ON public.script_jobs USING btree (organisation_id, updated_at DESC, id DESC);

CREATE INDEX script_jobs_with_secrets ON public.script_jobs USING btree (completed_at) WHERE ((status = ANY (ARRAY['failed'::public.script_job_status, 'timed_out'::public.script_job_status, 'cancelled'::public.script_job_status])) AND (secrets_erased_at IS NULL));

CREATE TRIGGER script_job_events_tell AFTER INSERT ON public.script_job_events REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.script_job_events_tell();

CREATE TRIGGER script_job_prerequisites_check BEFORE INSERT OR UPDATE ON public.script_job_prerequisites FOR EACH ROW EXECUTE FUNCTION public.script_job_prerequisites_check();

CREATE TRIGGER script_jobs_after_move AFTER INSERT OR UPDATE OF status ON public.script_jobs FOR EACH ROW EXECUTE FUNCTION public.script_jobs_after_move();

CREATE TRIGGER script_jobs_before_write BEFORE INSERT OR UPDATE ON public.script_jobs FOR EACH ROW EXECUTE FUNCTION public.script_jobs_before_write();

CREATE TRIGGER script_jobs_hold BEFORE INSERT OR UPDATE OF status, run_at, next_retry_at ON public.script_jobs FOR EACH ROW EXECUTE FUNCTION public.script_jobs_hold();

CREATE TRIGGER script_jobs_set_free AFTER UPDATE OF status ON public.script_jobs FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION public.script_jobs_set_free();

ALTER TABLE ONLY public.pumpd_accounts
    ADD CONSTRAINT pumpd_accounts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.pumpd_accounts
    ADD CONSTRAINT pumpd_accounts_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.pumpd_restaurants
    ADD CONSTRAINT pumpd_restaurants_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.pumpd_accounts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.pumpd_restaurants
    ADD CONSTRAINT pumpd_restaurants_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.pumpd_restaurants
    ADD CONSTRAINT pumpd_restaurants_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.registration_logs
    ADD CONSTRAINT registration_logs_initiated_by_fkey FOREIGN KEY (initiated_by) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.registration_logs
    ADD CONSTRAINT registration_logs_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.registration_logs
    ADD CONSTRAINT registration_logs_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.restaurants(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.restaurants
    ADD CONSTRAINT restaurants_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_attempts
    ADD CONSTRAINT script_job_attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_checkpoints
    ADD CONSTRAINT script_job_checkpoints_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_events
    ADD CONSTRAINT script_job_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_files
    ADD CONSTRAINT script_job_files_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_members
    ADD CONSTRAINT script_job_members_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_prerequisites
    ADD CONSTRAINT script_job_prerequisites_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_prerequisites
    ADD CONSTRAINT script_job_prerequisites_needs_id_fkey FOREIGN KEY (needs_id) REFERENCES public.script_jobs(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.script_job_requests
    ADD CONSTRAINT script_job_requests_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_requests
    ADD CONSTRAINT script_job_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_sign_in_links
    ADD CONSTRAINT script_job_sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_sign_ins
    ADD CONSTRAINT script_job_sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_steps
    ADD CONSTRAINT script_job_steps_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_uploads
    ADD CONSTRAINT script_job_uploads_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.script_job_uploads
    ADD CONSTRAINT script_job_uploads_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_used_uploads
    ADD CONSTRAINT script_job_used_uploads_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_used_uploads
    ADD CONSTRAINT script_job_used_uploads_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES public.script_job_uploads(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_jobs
    ADD CONSTRAINT script_jobs_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.script_jobs
    ADD CONSTRAINT script_jobs_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_jobs
    ADD CONSTRAINT script_jobs_restaurant_id_fkey FOREIGN KEY (restaurant_id) REFERENCES public.pumpd_restaurants(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.user_organisations
    ADD CONSTRAINT user_organisations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_organisations
    ADD CONSTRAINT user_organisations_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

CREATE POLICY "Own requests" ON public.script_job_requests TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid))) WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Service role full access" ON public.organisations TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.pumpd_accounts TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.pumpd_restaurants TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.registration_logs TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.restaurants TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_attempts TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_checkpoints TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_events TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_files TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_keys TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_members TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_pauses TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_people TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_prerequisites TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_requests TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_schema TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_sessions TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_sign_in_links TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_sign_ins TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_steps TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_tokens TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_uploads TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_used_uploads TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_workers TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_jobs TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.user_organisations TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Users can cancel own pending jobs" ON public.script_jobs FOR UPDATE TO authenticated USING (((created_by = ( SELECT auth.uid() AS uid)) AND (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (organisation_id = ANY (( SELECT public.script_jobs_organisations(true) AS script_jobs_organisations)::uuid[])))) WITH CHECK (((status = 'cancelled'::public.script_job_status) AND (created_by = ( SELECT auth.uid() AS uid))));

CREATE POLICY "Users can create organisation jobs" ON public.script_job_prerequisites FOR INSERT TO authenticated WITH CHECK ((EXISTS ( SELECT
   FROM (public.script_jobs j
     JOIN public.script_jobs n ON ((n.organisation_id = j.organisation_id)))
  WHERE ((j.id = script_job_prerequisites.job_id) AND (n.id = script_job_prerequisites.needs_id) AND (j.created_by = ( SELECT auth.uid() AS uid)) AND (j.attempt_count = 0) AND (j.status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status]))))));

CREATE POLICY "Users can create organisation jobs" ON public.script_job_used_uploads FOR INSERT TO authenticated WITH CHECK ((EXISTS ( SELECT
   FROM (public.script_jobs j
     JOIN public.script_job_uploads u ON ((u.organisation_id = j.organisation_id)))
  WHERE ((j.id = script_job_used_uploads.job_id) AND (u.id = script_job_used_uploads.upload_id) AND (j.created_by = ( SELECT auth.uid() AS uid)) AND (j.attempt_count = 0) AND (j.status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status]))))));

CREATE POLICY "Users can create organisation jobs" ON public.script_jobs FOR INSERT TO authenticated WITH CHECK (((organisation_id = ANY (( SELECT public.script_jobs_organisations(true) AS script_jobs_organisations)::uuid[])) AND (created_by = ( SELECT auth.uid() AS uid)) AND (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND ((priority >= '-10'::integer) AND (priority <= 10)) AND ((run_at IS NULL) OR (run_at < (now() + '1 year'::interval))) AND (jsonb_typeof(input_payload) = 'object'::text) AND (length((input_payload)::text) <= 1048576) AND (NOT jsonb_path_exists(input_payload, '$.**?(@.type() == "object").keyvalue()?(@."key" starts with "$")'::jsonpath)) AND COALESCE(((jsonb_typeof(metadata) = 'object'::text) AND (length((metadata)::text) <= 65536)), true) AND ((restaurant_id IS NULL) OR public.script_jobs_owns_restaurant(organisation_id, restaurant_id))));

CREATE POLICY "Users can view organisation files" ON public.script_job_uploads FOR SELECT TO authenticated USING ((organisation_id = ANY (( SELECT public.script_jobs_organisations() AS script_jobs_organisations)::uuid[])));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_attempts FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_attempts.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_checkpoints FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_checkpoints.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_events FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_events.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_files FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_files.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_prerequisites FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_prerequisites.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_steps FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_steps.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_job_used_uploads FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_used_uploads.job_id))));

CREATE POLICY "Users can view organisation jobs" ON public.script_jobs FOR SELECT TO authenticated USING ((organisation_id = ANY (( SELECT public.script_jobs_organisations() AS script_jobs_organisations)::uuid[])));

ALTER TABLE public.organisations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.pumpd_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.pumpd_restaurants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.registration_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.restaurants ENABLE ROW LEVEL SECURITY;

CREATE POLICY "script-jobs: own memberships" ON public.user_organisations FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "script-jobs: own organisations" ON public.organisations FOR SELECT TO authenticated USING ((id IN ( SELECT user_organisations.organisation_id
   FROM public.user_organisations
  WHERE (user_organisations.user_id = ( SELECT auth.uid() AS uid)))));

CREATE POLICY "script-jobs: owner" ON public.organisations TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.pumpd_accounts TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.pumpd_restaurants TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.registration_logs TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.restaurants TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_attempts TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_checkpoints TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_events TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_files TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_keys TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_members TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_pauses TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_people TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_prerequisites TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_requests TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_schema TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_sessions TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_sign_in_links TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_sign_ins TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_steps TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_tokens TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_uploads TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_used_uploads TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_job_workers TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.script_jobs TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

CREATE POLICY "script-jobs: owner" ON public.user_organisations TO postgres USING (((SESSION_USER <> CURRENT_USER) OR (current_setting('role'::text) <> 'none'::text) OR (current_setting('script_jobs.migrating'::text, true) = 'on'::text)));

ALTER TABLE public.script_job_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_checkpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_pauses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_people ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_prerequisites ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_schema ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_sign_in_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_sign_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_uploads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_used_uploads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_workers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_organisations ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA auth TO anon;
GRANT USAGE ON SCHEMA auth TO authenticated;
GRANT USAGE ON SCHEMA auth TO service_role;

GRANT USAGE ON SCHEMA public TO anon;
GRANT USAGE ON SCHEMA public TO authenticated;
GRANT USAGE ON SCHEMA public TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_add_organisation(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_add_organisation(wanted text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_add_person(address text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_add_person(address text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_admit(login name) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_after_move() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_ahead(share integer, before integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_ahead(share integer, before integer) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_ahead(share integer, before integer) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_apply_rules() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_before_write() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_cancel_rest(job uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_cancel_rest(job uuid) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_cancel_rest(job uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_claim(worker text, lease_s double precision, types text[], share integer, wanted integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_claim(worker text, lease_s double precision, types text[], share integer, wanted integer) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_complete(job uuid, fence bigint, worker text, said jsonb, kept jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_complete(job uuid, fence bigint, worker text, said jsonb, kept jsonb) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, most integer) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, most integer) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_erase_old_secrets(age_s double precision, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_erase_old_secrets(age_s double precision, most integer) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_erase_secrets(job uuid, OUT outcome text, OUT status public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_erase_secrets(job uuid, OUT outcome text, OUT status public.script_job_status) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_erase_secrets(job uuid, OUT outcome text, OUT status public.script_job_status) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_find_email(person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_find_email(person uuid) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_find_person(address text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_find_person(address text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_front(share integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_front(share integer) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_full(organisation uuid, share integer, total integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_full(organisation uuid, share integer, total integer) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_full(organisation uuid, share integer, total integer) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_has_members() FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_has_members() TO service_role;

GRANT SELECT ON TABLE public.script_jobs TO authenticated;
GRANT ALL ON TABLE public.script_jobs TO service_role;

GRANT INSERT(job_type) ON TABLE public.script_jobs TO authenticated;

GRANT UPDATE(status) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(input_payload) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(organisation_id) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(restaurant_id) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(created_by) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(priority) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(metadata) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(run_at) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(allow_duplicate) ON TABLE public.script_jobs TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_hindrance(job public.script_jobs, share integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_hindrance(job public.script_jobs, share integer) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_hold() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_is_legal_move(before public.script_job_status, after public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_is_legal_move(before public.script_job_status, after public.script_job_status) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_is_legal_move(before public.script_job_status, after public.script_job_status) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_join(person uuid, organisation uuid, part text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_join(person uuid, organisation uuid, part text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_keep(job uuid, kept boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_keep(job uuid, kept boolean) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_keep(job uuid, kept boolean) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_leave(person uuid, organisation text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_leave(person uuid, organisation text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, key text, descending boolean, skip integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, key text, descending boolean, skip integer, most integer) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid, since timestamp with time zone, key text, descending boolean, skip integer, most integer) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_list_conditions(organisation uuid, kind text, restaurant uuid, since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_list_people() FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_list_people() TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_made(relation text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_made(relation text) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_may_act(organisation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_memberships(person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_memberships(person uuid) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_organisations(acting boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_organisations(acting boolean) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_organisations(acting boolean) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_renew(beat jsonb, stopping boolean, lease_s double precision, fences bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_renew(beat jsonb, stopping boolean, lease_s double precision, fences bigint[]) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_retry(job uuid, from_start boolean, OUT outcome text, OUT status public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_retry(job uuid, from_start boolean, OUT outcome text, OUT status public.script_job_status) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_retry(job uuid, from_start boolean, OUT outcome text, OUT status public.script_job_status) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_return_to_line(share integer, wanted integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_return_to_line(share integer, wanted integer) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_run_now(job uuid, OUT outcome text, OUT status public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_run_now(job uuid, OUT outcome text, OUT status public.script_job_status) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_run_now(job uuid, OUT outcome text, OUT status public.script_job_status) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_samples(type text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_samples(type text) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_samples(type text) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_say(job uuid, kind text, data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_say(job uuid, kind text, data jsonb) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_set_free() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.script_jobs_stop(job uuid, OUT outcome text, OUT status public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_stop(job uuid, OUT outcome text, OUT status public.script_job_status) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_stop(job uuid, OUT outcome text, OUT status public.script_job_status) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_waiting(jobs uuid[], share integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_waiting(jobs uuid[], share integer) TO service_role;
GRANT ALL ON FUNCTION public.script_jobs_waiting(jobs uuid[], share integer) TO authenticated;

REVOKE ALL ON FUNCTION public.script_jobs_without_secrets(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_without_secrets(value jsonb) TO service_role;

GRANT SELECT,INSERT ON TABLE auth.users TO service_role;

GRANT ALL ON TABLE public.organisations TO service_role;
GRANT SELECT ON TABLE public.organisations TO authenticated;

GRANT ALL ON TABLE public.pumpd_accounts TO service_role;
GRANT SELECT ON TABLE public.pumpd_accounts TO authenticated;

GRANT ALL ON TABLE public.pumpd_restaurants TO service_role;
GRANT SELECT ON TABLE public.pumpd_restaurants TO authenticated;

GRANT ALL ON TABLE public.registration_logs TO service_role;
GRANT SELECT ON TABLE public.registration_logs TO authenticated;

GRANT ALL ON TABLE public.restaurants TO service_role;
GRANT SELECT ON TABLE public.restaurants TO authenticated;

GRANT SELECT ON TABLE public.script_job_attempts TO authenticated;
GRANT ALL ON TABLE public.script_job_attempts TO service_role;

GRANT SELECT ON TABLE public.script_job_checkpoints TO authenticated;
GRANT ALL ON TABLE public.script_job_checkpoints TO service_role;

GRANT SELECT ON TABLE public.script_job_events TO authenticated;
GRANT ALL ON TABLE public.script_job_events TO service_role;

GRANT SELECT ON TABLE public.script_job_files TO authenticated;
GRANT ALL ON TABLE public.script_job_files TO service_role;

GRANT ALL ON TABLE public.script_job_keys TO service_role;

GRANT ALL ON TABLE public.script_job_members TO service_role;

GRANT ALL ON TABLE public.user_organisations TO service_role;
GRANT SELECT ON TABLE public.user_organisations TO authenticated;

GRANT ALL ON TABLE public.script_job_pauses TO service_role;

GRANT ALL ON TABLE public.script_job_people TO service_role;

GRANT ALL ON TABLE public.script_job_prerequisites TO service_role;
GRANT SELECT,INSERT ON TABLE public.script_job_prerequisites TO authenticated;

GRANT SELECT,INSERT,DELETE ON TABLE public.script_job_requests TO authenticated;
GRANT ALL ON TABLE public.script_job_requests TO service_role;

GRANT ALL ON TABLE public.script_job_schema TO service_role;

GRANT ALL ON TABLE public.script_job_sessions TO service_role;

GRANT ALL ON TABLE public.script_job_sign_in_links TO service_role;

GRANT ALL ON TABLE public.script_job_sign_ins TO service_role;

GRANT SELECT ON TABLE public.script_job_steps TO authenticated;
GRANT ALL ON TABLE public.script_job_steps TO service_role;

GRANT ALL ON TABLE public.script_job_tokens TO service_role;

GRANT ALL ON TABLE public.script_job_uploads TO service_role;
GRANT SELECT ON TABLE public.script_job_uploads TO authenticated;

GRANT ALL ON TABLE public.script_job_used_uploads TO service_role;
GRANT SELECT,INSERT ON TABLE public.script_job_used_uploads TO authenticated;

GRANT ALL ON TABLE public.script_job_workers TO service_role;

GRANT SELECT ON TABLE public.script_jobs_failed_summary TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_failed_summary TO service_role;

GRANT SELECT ON TABLE public.script_jobs_metrics TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_metrics TO service_role;

GRANT SELECT ON TABLE public.script_jobs_queue_status TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_queue_status TO service_role;
