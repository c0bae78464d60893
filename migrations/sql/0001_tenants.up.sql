-- What Supabase brings already and a bare database lacks: roles, the caller's identity, organisations, restaurants.
-- Everything is made only where it is missing, and marked by a comment, so that the way down removes our own alone.

-- Roles belong to the whole server. Two databases may be migrated at the same moment: the loser finds the role there.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            raise notice 'role % was made by another migration', wanted;
        end;
        -- The app never becomes `anon`.
        if wanted <> 'anon' and not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end $$;

do $$
begin
    if to_regnamespace('auth') is null then
        create schema auth;
        comment on schema auth is 'made by script-jobs';
    end if;
    if to_regclass('auth.users') is null then
        create table auth.users (
            id uuid primary key default gen_random_uuid(),
            email text not null unique,
            created_at timestamptz not null default now()
        );
        comment on table auth.users is 'made by script-jobs';
    end if;
    -- The identity of the caller, out of the claims that the web app sets for each transaction.
    if to_regprocedure('auth.uid()') is null then
        create function auth.uid() returns uuid language sql stable as
            $f$ select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid $f$;
        comment on function auth.uid() is 'made by script-jobs';
    end if;
    if to_regprocedure('auth.role()') is null then
        create function auth.role() returns text language sql stable as
            $f$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $f$;
        comment on function auth.role() is 'made by script-jobs';
    end if;
    execute 'grant usage on schema auth to anon, authenticated, service_role';
    execute 'grant usage on schema public to anon, authenticated, service_role';
end $$;

do $$
declare
    made text;
    wanted constant jsonb := jsonb_build_object(
        'organisations',
            'id uuid primary key default gen_random_uuid(), name text not null,
             created_at timestamptz not null default now()',
        'user_organisations',
            'user_id uuid not null references auth.users on delete cascade,
             organisation_id uuid not null references public.organisations on delete cascade,
             role text not null default ''staff'', primary key (user_id, organisation_id)',
        'restaurants',
            'id uuid primary key default gen_random_uuid(), name text not null,
             organisation_id uuid references public.organisations on delete cascade',
        'pumpd_accounts',
            'id uuid primary key default gen_random_uuid(),
             organisation_id uuid references public.organisations on delete cascade,
             restaurant_id uuid references public.restaurants on delete cascade,
             email text not null, password jsonb, status text not null default ''active''',
        'pumpd_restaurants',
            'id uuid primary key default gen_random_uuid(),
             organisation_id uuid references public.organisations on delete cascade,
             restaurant_id uuid references public.restaurants on delete cascade,
             account_id uuid references public.pumpd_accounts on delete set null,
             portal_id text, name text, subdomain text, dashboard_url text, store_url text,
             status text not null default ''registered'', configured jsonb not null default ''{}''',
        'registration_logs',
            'id uuid primary key default gen_random_uuid(),
             organisation_id uuid references public.organisations on delete cascade,
             restaurant_id uuid references public.restaurants on delete set null,
             action text not null, status text not null, script text, duration_ms integer, error_message text,
             initiated_by uuid references auth.users on delete set null, created_at timestamptz not null default now()'
    );
begin
    -- In this order: each refers to the ones before.
    foreach made in array array['organisations', 'user_organisations', 'restaurants', 'pumpd_accounts',
                                'pumpd_restaurants', 'registration_logs'] loop
        if to_regclass('public.' || made) is null then
            execute format('create table public.%I (%s)', made, wanted ->> made);
            execute format('comment on table public.%I is %L', made, 'made by script-jobs');
            execute format('alter table public.%I enable row level security', made);
            execute format('create policy "Service role full access" on public.%I to service_role '
                           'using (true) with check (true)', made);
            execute format('grant all on public.%I to service_role', made);
            execute format('grant select on public.%I to authenticated', made);
        end if;
    end loop;
    if not exists (select from pg_policies where schemaname = 'public' and tablename = 'user_organisations'
                   and cmd in ('SELECT', 'ALL') and 'authenticated' = any (roles)) then
        create policy "script-jobs: own memberships" on public.user_organisations for select to authenticated
            using (user_id = (select auth.uid()));
    end if;
    if not exists (select from pg_policies where schemaname = 'public' and tablename = 'organisations'
                   and cmd in ('SELECT', 'ALL') and 'authenticated' = any (roles)) then
        create policy "script-jobs: own organisations" on public.organisations for select to authenticated
            using (id in (select organisation_id from public.user_organisations where user_id = (select auth.uid())));
    end if;
end $$;

-- The caller's organisations as one array, computed once a statement (as `= any ((select …)::uuid[])`), not once a row.
-- SECURITY DEFINER: it reads memberships whatever row policies that table has; it answers for the caller alone.
create function public.script_jobs_organisations(acting boolean default false) returns uuid[]
    language sql stable security definer set search_path = ''
as $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.user_organisations
    where user_id = auth.uid() and (not acting or role <> 'viewer')
$$;
comment on function public.script_jobs_organisations is
    'Organisations of the caller; with acting, only those in which the caller may do more than look.';
revoke all on function public.script_jobs_organisations from public;
grant execute on function public.script_jobs_organisations to authenticated, service_role;
