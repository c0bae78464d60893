-- People, also where `auth` belongs to somebody else (hosted Supabase).

-- People. Where `auth.users` was made by somebody else it is read and never written: people whom we add live here, and
-- memberships that we give stand beside those that are there.
create table public.script_job_people (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    created_at timestamptz not null default now()
);
create unique index script_job_people_email on public.script_job_people (lower(email));
create table public.script_job_members (
    user_id uuid not null,
    organisation_id uuid not null references public.organisations on delete cascade,
    role text not null default 'staff',
    primary key (user_id, organisation_id)
);
create index script_job_members_organisation on public.script_job_members (organisation_id);
comment on table public.script_job_people is 'people whom we added, where auth.users is not ours';
comment on table public.script_job_members is 'memberships that we gave, where public.user_organisations is not ours';

do $$
declare
    made text;
begin
    foreach made in array array['script_job_people', 'script_job_members'] loop
        execute format('alter table public.%I enable row level security', made);
        execute format('create policy "Service role full access" on public.%I to service_role '
                       'using (true) with check (true)', made);
        execute format('revoke all on public.%I from anon, authenticated', made);
        execute format('grant all on public.%I to service_role', made);
    end loop;
end $$;

-- Whether a table was made by these migrations.
create function public.script_jobs_made(relation text) returns boolean language sql stable set search_path = ''
as $$ select coalesce(obj_description(to_regclass(relation), 'pg_class') = 'made by script-jobs', false) $$;

-- Every membership, ours before theirs. No role may read it: only the functions below do, as its owner.
create view public.script_job_memberships as
select m.user_id, m.organisation_id, m.role from public.script_job_members m
union all
select distinct on (u.user_id, u.organisation_id) u.user_id, u.organisation_id, u.role::text
from public.user_organisations u
where not exists (select from public.script_job_members m
                  where m.user_id = u.user_id and m.organisation_id = u.organisation_id);
revoke all on public.script_job_memberships from public, anon, authenticated, service_role;

create or replace function public.script_jobs_organisations(acting boolean default false) returns uuid[]
    language sql stable security definer set search_path = ''
as $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.script_job_memberships
    where user_id = auth.uid() and (not acting or role <> 'viewer')
$$;

-- The functions below are SECURITY DEFINER, since the service role reads neither `auth.users` nor memberships in every
-- database. Where not even the owner may read `auth.users`, there are the people of ours alone.

create or replace function public.script_jobs_memberships(person uuid)
    returns table (organisation_id uuid, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.organisation_id, o.name::text, m.role
    from public.script_job_memberships m join public.organisations o on o.id = m.organisation_id
    where m.user_id = person order by o.name, o.id
$$;

create function public.script_jobs_has_members() returns boolean
    language sql stable security definer set search_path = ''
as $$ select exists (select from public.script_job_memberships) $$;

-- The person with this address. Supabase keeps users that were deleted or banned: neither is anybody here.
create function public.script_jobs_find_person(address text) returns uuid
    language plpgsql stable security definer set search_path = ''
as $$
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

create function public.script_jobs_find_email(person uuid) returns text
    language plpgsql stable security definer set search_path = ''
as $$
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

-- Adding the same person twice, even at the same moment, ends in one row.
create function public.script_jobs_add_person(address text) returns uuid
    language plpgsql security definer set search_path = ''
as $$
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

create function public.script_jobs_add_organisation(wanted text) returns uuid
    language plpgsql security definer set search_path = ''
as $$
declare
    organisation uuid;
begin
    select id into organisation from public.organisations where name = wanted order by id limit 1;
    if not found then
        insert into public.organisations (id, name) values (gen_random_uuid(), wanted) returning id into organisation;
    end if;
    return organisation;
end $$;

create function public.script_jobs_join(person uuid, organisation uuid, part text) returns void
    language plpgsql security definer set search_path = ''
as $$
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

-- As in 0020, with the people and memberships of ours.
create or replace function public.script_jobs_list_people()
    returns table (user_id uuid, email text, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.user_id, known.email, o.name::text, m.role
    from public.script_job_memberships m
    join public.organisations o on o.id = m.organisation_id
    cross join lateral (select public.script_jobs_find_email(m.user_id) as email) known
    order by lower(known.email), o.name, o.id
$$;

-- As in 0020. Memberships that somebody else's application gave are not ours to end.
create or replace function public.script_jobs_leave(person uuid, organisation text) returns integer
    language plpgsql security definer set search_path = ''
as $$
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

do $$
declare
    made text;
begin
    foreach made in array array['script_jobs_made(text)', 'script_jobs_has_members()', 'script_jobs_find_person(text)',
                                'script_jobs_find_email(uuid)', 'script_jobs_add_person(text)',
                                'script_jobs_add_organisation(text)', 'script_jobs_join(uuid, uuid, text)'] loop
        execute format('revoke all on function public.%s from public, anon, authenticated', made);
        execute format('grant execute on function public.%s to service_role', made);
    end loop;
end $$;
