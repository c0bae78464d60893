-- Who may do what, also where every role gets rights on new things by default (hosted Supabase).

-- Which keys have sealed something here. The newest one must be among the keys of a process that starts.
create table public.script_job_keys (
    fingerprint text primary key,
    first_used_at timestamptz not null default clock_timestamp()
);

-- Code that knows at least this revision runs on this schema. A migration that is not additive sets it to itself.
create table public.script_job_schema (compatible_from text not null);
insert into public.script_job_schema (compatible_from) values ('0022');

do $$
declare
    made text;
begin
    foreach made in array array['script_job_keys', 'script_job_schema'] loop
        execute format('alter table public.%I enable row level security', made);
        execute format('create policy "Service role full access" on public.%I to service_role '
                       'using (true) with check (true)', made);
        execute format('revoke all on public.%I from anon, authenticated', made);
        execute format('grant all on public.%I to service_role', made);
    end loop;
end $$;

-- What callers may insert by themselves (PostgREST): what a request may say. Times, limits and keys come from the job
-- type; a sealed value comes from us alone; rows of files are written by whoever has looked into the file.
revoke insert on public.script_jobs, public.script_job_uploads from authenticated;
grant insert (job_type, input_payload, organisation_id, restaurant_id, created_by, priority, metadata, run_at,
              allow_duplicate) on public.script_jobs to authenticated;
drop policy "Users can upload organisation files" on public.script_job_uploads;
drop policy "Users can create organisation jobs" on public.script_jobs;
create policy "Users can create organisation jobs" on public.script_jobs for insert to authenticated
    with check (
        organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
        and created_by = (select auth.uid())
        and status in ('pending', 'queued')
        and priority between -10 and 10
        and (run_at is null or run_at < now() + interval '1 year')
        and jsonb_typeof(input_payload) = 'object' and length(input_payload::text) <= 1048576
        and not jsonb_path_exists(input_payload, '$.** ? (@.type() == "object").keyvalue() ? (@.key starts with "$")')
        and coalesce(jsonb_typeof(metadata) = 'object' and length(metadata::text) <= 65536, true)
        and (restaurant_id is null or public.script_jobs_owns_restaurant(organisation_id, restaurant_id))
    );

-- Rules that hold for every table and function of ours, whichever migration made it. Each upgrade ends with them.
create function public.script_jobs_apply_rules() returns void language plpgsql set search_path = ''
as $$
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
end $$;

-- Lets a login that owns nothing work for the app: it may become `authenticated` or `service_role`, and calls what
-- workers call without a transaction around it (such functions become `service_role` first).
create function public.script_jobs_admit(login name) returns void language plpgsql set search_path = ''
as $$
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

revoke all on function public.script_jobs_apply_rules, public.script_jobs_admit
    from public, anon, authenticated, service_role;
-- Called by triggers and policies with the rights of whoever writes. Until now these were everybody's.
do $$
declare
    routine regprocedure;
begin
    for routine in select oid::regprocedure from pg_proc
                   where pronamespace = 'public'::regnamespace and proname like 'script\_jobs\_%'
                     and prorettype <> 'trigger'::regtype and has_function_privilege('public', oid, 'execute') loop
        execute format('grant execute on function %s to service_role', routine);
    end loop;
end $$;
grant execute on function public.script_jobs_is_legal_move to authenticated;
