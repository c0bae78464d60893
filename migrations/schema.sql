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

CREATE FUNCTION public.script_jobs_organisations(acting boolean DEFAULT false) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.user_organisations
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

CREATE FUNCTION public.script_jobs_retry(job uuid, OUT outcome text, OUT status public.script_job_status) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine constant uuid[] := public.script_jobs_organisations(true);
    served constant boolean := coalesce(auth.role(), '') = 'service_role';
begin
    update public.script_jobs j
    set status = 'pending', retry_count = 0, next_retry_at = null, result = null,
        error_code = null, error_message = null, error_stack = null,
        progress_percent = 0, progress_message = null, current_step = 0
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled')
      and (served or j.organisation_id = any (mine))
    returning 'retried', j.status into outcome, status;
    if not found then
        select 'refused', j.status into outcome, status
        from public.script_jobs j
        where j.id = job and (served or j.organisation_id = any (mine));
    end if;
end $$;

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

COMMENT ON TABLE public.organisations IS 'made by script-jobs';

CREATE TABLE public.pumpd_accounts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organisation_id uuid,
    restaurant_id uuid,
    email text NOT NULL,
    password jsonb,
    status text DEFAULT 'active'::text NOT NULL
);

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

COMMENT ON TABLE public.registration_logs IS 'made by script-jobs';

CREATE TABLE public.restaurants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    organisation_id uuid
);

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
    CONSTRAINT an_ended_attempt_has_an_outcome CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT script_job_attempts_number_check CHECK ((number > 0)),
    CONSTRAINT script_job_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'failed'::text, 'timed_out'::text, 'cancelled'::text, 'released'::text, 'lost'::text])))
);

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

CREATE TABLE public.script_job_events (
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    kind text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    actor text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_job_events_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'step'::text, 'progress'::text, 'log'::text, 'screenshot'::text, 'result'::text])))
);

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

CREATE TABLE public.script_job_sign_in_links (
    token_hash text NOT NULL,
    user_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.script_job_sign_ins (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

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
    CONSTRAINT a_running_job_has_an_attempt CHECK (((status <> 'in_progress'::public.script_job_status) OR (attempt_id IS NOT NULL))),
    CONSTRAINT retries_are_in_bounds CHECK (((retry_count >= 0) AND (max_retries >= 0) AND (retry_delay_ms >= 0))),
    CONSTRAINT script_jobs_progress_percent_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100))),
    CONSTRAINT script_jobs_timeout_ms_check CHECK ((timeout_ms > 0))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02');

COMMENT ON COLUMN public.script_jobs.timeout_ms IS 'the job type''s time limit of one attempt, set at insert';

COMMENT ON COLUMN public.script_jobs.run_at IS 'not claimable before';

COMMENT ON COLUMN public.script_jobs.attempt_id IS 'the running or last attempt, and the fence: a worker''s write counts only while this is its own attempt';

COMMENT ON COLUMN public.script_jobs.attempt_count IS 'attempts begun so far';

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

CREATE TABLE public.user_organisations (
    user_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    role text DEFAULT 'staff'::text NOT NULL
);

COMMENT ON TABLE public.user_organisations IS 'made by script-jobs';

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

ALTER TABLE ONLY public.script_job_sign_in_links
    ADD CONSTRAINT script_job_sign_in_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.script_job_sign_ins
    ADD CONSTRAINT script_job_sign_ins_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.script_job_steps
    ADD CONSTRAINT script_job_steps_pkey PRIMARY KEY (job_id, attempt, "position");

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

CREATE INDEX script_jobs_active ON public.script_jobs USING btree (worker_id) WHERE (status = 'in_progress'::public.script_job_status);

CREATE INDEX script_jobs_created_by ON public.script_jobs USING btree (created_by, created_at DESC);

CREATE INDEX script_jobs_failed ON public.script_jobs USING btree (organisation_id, created_at DESC) WHERE (status = ANY (ARRAY['failed'::public.script_job_status, 'timed_out'::public.script_job_status]));

CREATE INDEX script_jobs_organisation ON public.script_jobs USING btree (organisation_id, created_at DESC, id DESC);

CREATE INDEX script_jobs_organisation_status ON public.script_jobs USING btree (organisation_id, status, created_at DESC, id DESC);

CREATE INDEX script_jobs_queue ON public.script_jobs USING btree (priority DESC, created_at, id) WHERE (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status]));

CREATE INDEX script_jobs_restaurant ON public.script_jobs USING btree (restaurant_id, status, created_at DESC);

CREATE INDEX script_jobs_retryable ON public.script_jobs USING btree (next_retry_at) WHERE ((status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (next_retry_at IS NOT NULL));

CREATE INDEX script_jobs_timeout ON public.script_jobs USING btree (timeout_at) WHERE (status = 'in_progress'::public.script_job_status);

CREATE INDEX script_jobs_type ON public.script_jobs USING btree (organisation_id, job_type, created_at DESC, id DESC);

CREATE INDEX script_jobs_updated ON public.script_jobs USING btree (organisation_id, updated_at DESC);

CREATE TRIGGER script_job_events_tell AFTER INSERT ON public.script_job_events REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.script_job_events_tell();

CREATE TRIGGER script_jobs_after_move AFTER INSERT OR UPDATE OF status ON public.script_jobs FOR EACH ROW EXECUTE FUNCTION public.script_jobs_after_move();

CREATE TRIGGER script_jobs_before_write BEFORE INSERT OR UPDATE ON public.script_jobs FOR EACH ROW EXECUTE FUNCTION public.script_jobs_before_write();

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

ALTER TABLE ONLY public.script_job_sign_in_links
    ADD CONSTRAINT script_job_sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_sign_ins
    ADD CONSTRAINT script_job_sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_job_steps
    ADD CONSTRAINT script_job_steps_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.script_jobs(id) ON DELETE CASCADE;

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

CREATE POLICY "Service role full access" ON public.organisations TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.pumpd_accounts TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.pumpd_restaurants TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.registration_logs TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.restaurants TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_attempts TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_checkpoints TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_events TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_files TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_sign_in_links TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_sign_ins TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_job_steps TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.script_jobs TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Service role full access" ON public.user_organisations TO service_role USING (true) WITH CHECK (true);

CREATE POLICY "Users can cancel own pending jobs" ON public.script_jobs FOR UPDATE TO authenticated USING (((created_by = ( SELECT auth.uid() AS uid)) AND (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND (organisation_id = ANY (( SELECT public.script_jobs_organisations(true) AS script_jobs_organisations)::uuid[])))) WITH CHECK (((status = 'cancelled'::public.script_job_status) AND (created_by = ( SELECT auth.uid() AS uid))));

CREATE POLICY "Users can create organisation jobs" ON public.script_jobs FOR INSERT TO authenticated WITH CHECK (((organisation_id = ANY (( SELECT public.script_jobs_organisations(true) AS script_jobs_organisations)::uuid[])) AND (created_by = ( SELECT auth.uid() AS uid)) AND (status = ANY (ARRAY['pending'::public.script_job_status, 'queued'::public.script_job_status])) AND ((restaurant_id IS NULL) OR public.script_jobs_owns_restaurant(organisation_id, restaurant_id))));

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

CREATE POLICY "Users can view organisation jobs" ON public.script_job_steps FOR SELECT TO authenticated USING ((EXISTS ( SELECT
   FROM public.script_jobs j
  WHERE (j.id = script_job_steps.job_id))));

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

ALTER TABLE public.script_job_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_checkpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_sign_in_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_sign_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_job_steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.script_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_organisations ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA auth TO anon;
GRANT USAGE ON SCHEMA auth TO authenticated;
GRANT USAGE ON SCHEMA auth TO service_role;

GRANT USAGE ON SCHEMA public TO anon;
GRANT USAGE ON SCHEMA public TO authenticated;
GRANT USAGE ON SCHEMA public TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) TO authenticated;
GRANT ALL ON FUNCTION public.script_jobs_cancel(job uuid, OUT outcome text, OUT status public.script_job_status, OUT cancelled_at timestamp with time zone) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_organisations(acting boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_organisations(acting boolean) TO authenticated;
GRANT ALL ON FUNCTION public.script_jobs_organisations(acting boolean) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) TO authenticated;
GRANT ALL ON FUNCTION public.script_jobs_owns_restaurant(organisation uuid, restaurant uuid) TO service_role;

REVOKE ALL ON FUNCTION public.script_jobs_retry(job uuid, OUT outcome text, OUT status public.script_job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION public.script_jobs_retry(job uuid, OUT outcome text, OUT status public.script_job_status) TO authenticated;
GRANT ALL ON FUNCTION public.script_jobs_retry(job uuid, OUT outcome text, OUT status public.script_job_status) TO service_role;

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

GRANT ALL ON TABLE public.script_job_sign_in_links TO service_role;

GRANT ALL ON TABLE public.script_job_sign_ins TO service_role;

GRANT SELECT ON TABLE public.script_job_steps TO authenticated;
GRANT ALL ON TABLE public.script_job_steps TO service_role;

GRANT SELECT ON TABLE public.script_jobs TO authenticated;
GRANT ALL ON TABLE public.script_jobs TO service_role;

GRANT INSERT(job_type) ON TABLE public.script_jobs TO authenticated;

GRANT UPDATE(status) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(input_payload) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(max_retries) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(total_steps) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(organisation_id) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(restaurant_id) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(created_by) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(priority) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(metadata) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(timeout_ms) ON TABLE public.script_jobs TO authenticated;

GRANT INSERT(run_at) ON TABLE public.script_jobs TO authenticated;

GRANT SELECT ON TABLE public.script_jobs_failed_summary TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_failed_summary TO service_role;

GRANT SELECT ON TABLE public.script_jobs_metrics TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_metrics TO service_role;

GRANT SELECT ON TABLE public.script_jobs_queue_status TO authenticated;
GRANT SELECT ON TABLE public.script_jobs_queue_status TO service_role;

GRANT ALL ON TABLE public.user_organisations TO service_role;
GRANT SELECT ON TABLE public.user_organisations TO authenticated;
