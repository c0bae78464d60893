drop function public.script_jobs_join;
drop function public.script_jobs_add_organisation;
drop function public.script_jobs_add_person;
drop function public.script_jobs_find_email;
drop function public.script_jobs_find_person;
drop function public.script_jobs_has_members;
-- As migration 0001 made it.
create or replace function public.script_jobs_organisations(acting boolean default false) returns uuid[]
    language sql stable security definer set search_path = ''
as $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.user_organisations
    where user_id = auth.uid() and (not acting or role <> 'viewer')
$$;
-- As migration 0020 made them.
create or replace function public.script_jobs_memberships(person uuid)
    returns table (organisation_id uuid, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.organisation_id, o.name::text, m.role::text
    from public.user_organisations m join public.organisations o on o.id = m.organisation_id
    where m.user_id = person order by o.name, o.id
$$;
create or replace function public.script_jobs_list_people()
    returns table (user_id uuid, email text, organisation_name text, role text)
    language sql stable security definer set search_path = ''
as $$
    select m.user_id, u.email::text, o.name::text, m.role::text
    from public.user_organisations m
    join public.organisations o on o.id = m.organisation_id
    left join auth.users u on u.id = m.user_id
    order by lower(u.email), o.name, o.id
$$;
create or replace function public.script_jobs_leave(person uuid, organisation text) returns integer
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
drop view public.script_job_memberships;
drop function public.script_jobs_made;
drop table public.script_job_members;
drop table public.script_job_people;
