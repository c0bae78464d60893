do $$
declare
    bound record;
begin
    for bound in select schemaname, tablename from pg_policies where policyname = 'script-jobs: owner' loop
        execute format('drop policy "script-jobs: owner" on %I.%I', bound.schemaname, bound.tablename);
        execute format('alter table %I.%I no force row level security', bound.schemaname, bound.tablename);
    end loop;
end $$;
drop policy if exists "script-jobs: version" on public.alembic_version;
alter table public.alembic_version disable row level security;
revoke all on public.alembic_version from service_role;
drop function public.script_jobs_admit;
drop function public.script_jobs_apply_rules;

-- Policies and grants as migrations 0002, 0006, 0011 and 0015 made them.
drop policy "Users can create organisation jobs" on public.script_jobs;
create policy "Users can create organisation jobs" on public.script_jobs for insert to authenticated
    with check (
        organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
        and created_by = (select auth.uid())
        and status in ('pending', 'queued')
        and (restaurant_id is null or public.script_jobs_owns_restaurant(organisation_id, restaurant_id))
    );
grant insert (job_type, input_payload, organisation_id, restaurant_id, created_by, priority, metadata, run_at,
              timeout_ms, max_retries, total_steps, concurrency_key, concurrency_limit, rate_key, rate_interval_ms,
              restaurant_key, restaurant_limit, allow_duplicate, payload_size) on public.script_jobs to authenticated;
create policy "Users can upload organisation files" on public.script_job_uploads for insert to authenticated
    with check (
        organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
        and created_by = (select auth.uid()));
grant insert on public.script_job_uploads to authenticated;
drop table public.script_job_schema;
drop table public.script_job_keys;
