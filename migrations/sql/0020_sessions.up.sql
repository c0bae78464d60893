-- Sessions of browsers, and the bearer tokens that we made. Only hashes of what lets somebody in are stored; the service
-- role alone reads them. `user_id` refers to no table, because people may live in somebody else's.
create table public.script_job_sessions (
    id text primary key,
    token_hash text not null unique,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    user_agent text not null,
    address text not null
);
create index script_job_sessions_user on public.script_job_sessions (user_id);
create table public.script_job_tokens (
    id text primary key,
    user_id uuid not null,
    name text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index script_job_tokens_user on public.script_job_tokens (user_id);

do $$
declare
    made text;
begin
    foreach made in array array['script_job_sessions', 'script_job_tokens'] loop
        execute format('alter table public.%I enable row level security', made);
        execute format('create policy "Service role full access" on public.%I to service_role '
                       'using (true) with check (true)', made);
        execute format('revoke all on public.%I from anon, authenticated', made);
        execute format('grant all on public.%I to service_role', made);
    end loop;
end $$;

-- SECURITY DEFINER: the service role reads neither `auth.users` nor memberships in every database.
create function public.script_jobs_memberships(person uuid)
    returns table (organisation_id uuid, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.organisation_id, o.name::text, m.role::text
    from public.user_organisations m join public.organisations o on o.id = m.organisation_id
    where m.user_id = person order by o.name, o.id
$$;

create function public.script_jobs_list_people()
    returns table (user_id uuid, email text, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.user_id, u.email::text, o.name::text, m.role::text
    from public.user_organisations m
    join public.organisations o on o.id = m.organisation_id
    left join auth.users u on u.id = m.user_id
    order by lower(u.email), o.name, o.id
$$;

-- Take a person out of the organisations of this name, or of all. Returns how many memberships ended.
create function public.script_jobs_leave(person uuid, organisation text) returns integer
    language plpgsql security definer set search_path = ''
as $$
declare
    ended integer;
begin
    delete from public.user_organisations m using public.organisations o
    where m.user_id = person and o.id = m.organisation_id and (organisation is null or o.name = organisation);
    get diagnostics ended = row_count;
    return ended;
end $$;

do $$
declare
    made text;
begin
    foreach made in array array['script_jobs_memberships(uuid)', 'script_jobs_list_people()',
                                'script_jobs_leave(uuid, text)'] loop
        execute format('revoke all on function public.%s from public, anon, authenticated', made);
        execute format('grant execute on function public.%s to service_role', made);
    end loop;
end $$;
