-- Removes what the way up made, and nothing that was there before. Roles belong to the whole server and stay.
drop function public.script_jobs_organisations;
drop policy if exists "script-jobs: own memberships" on public.user_organisations;
drop policy if exists "script-jobs: own organisations" on public.organisations;
do $$
declare
    made text;
begin
    foreach made in array array['public.registration_logs', 'public.pumpd_restaurants', 'public.pumpd_accounts',
                                'public.restaurants', 'public.user_organisations', 'public.organisations',
                                'auth.users'] loop
        if obj_description(to_regclass(made), 'pg_class') = 'made by script-jobs' then
            execute format('drop table %s', made);
        end if;
    end loop;
    if obj_description(to_regprocedure('auth.uid()'), 'pg_proc') = 'made by script-jobs' then
        drop function auth.uid();
    end if;
    if obj_description(to_regprocedure('auth.role()'), 'pg_proc') = 'made by script-jobs' then
        drop function auth.role();
    end if;
    if obj_description(to_regnamespace('auth'), 'pg_namespace') = 'made by script-jobs' then
        drop schema auth;
    end if;
end $$;
