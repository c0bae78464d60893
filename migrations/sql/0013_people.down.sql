drop function public.script_jobs_join;
drop function public.script_jobs_add_organisation;
drop function public.script_jobs_add_person;
drop function public.script_jobs_find_email;
drop function public.script_jobs_find_person;
drop function public.script_jobs_has_members;
drop function public.script_jobs_memberships;
-- As migration 0001 made it.
create or replace function public.script_jobs_organisations(acting boolean default false) returns uuid[]
    language sql stable security definer set search_path = ''
as $$
    select coalesce(array_agg(organisation_id), '{}')
    from public.user_organisations
    where user_id = auth.uid() and (not acting or role <> 'viewer')
$$;
drop view public.script_job_memberships;
drop function public.script_jobs_made;
drop table public.script_job_members;
drop table public.script_job_people;
