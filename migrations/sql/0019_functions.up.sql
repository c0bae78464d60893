-- Where new functions are everybody's by default (hosted Supabase), `revoke … from public` in the migrations before left
-- `anon` and `authenticated` their own grants, also on functions that become the service role. What a caller may do is
-- granted here by name; everything else is for workers. The owner keeps its rights, so triggers are not touched.
do $$
declare
    routine regprocedure;
begin
    for routine in select oid::regprocedure from pg_proc
                   where pronamespace = 'public'::regnamespace and proname like 'script\_jobs\_%'
                     and not has_function_privilege('public', oid, 'execute') loop
        execute format('revoke all on function %s from anon, authenticated', routine);
    end loop;
end $$;

grant execute on function public.script_jobs_ahead, public.script_jobs_cancel, public.script_jobs_cancel_rest,
    public.script_jobs_count, public.script_jobs_erase_secrets, public.script_jobs_full, public.script_jobs_keep,
    public.script_jobs_list, public.script_jobs_organisations, public.script_jobs_owns_restaurant,
    public.script_jobs_retry(uuid, boolean), public.script_jobs_run_now, public.script_jobs_samples,
    public.script_jobs_stop, public.script_jobs_waiting to authenticated;
