drop function public.script_jobs_full;
drop function public.script_jobs_keep;
drop function public.script_jobs_cancel_rest;
drop function public.script_jobs_run_now;
drop function public.script_jobs_retry;
drop function public.script_jobs_stop;
drop function public.script_jobs_say;
drop function public.script_jobs_may_act;
drop table public.script_job_requests;
delete from public.script_job_events where kind in ('stop', 'action');
alter table public.script_job_events drop constraint script_job_events_kind_check;
alter table public.script_job_events add constraint script_job_events_kind_check
    check (kind in ('status', 'step', 'progress', 'log', 'screenshot', 'result'));
alter table public.script_job_attempts drop column resumed_step;
drop index public.script_jobs_ended;
alter table public.script_jobs
    drop column stop_requested_at, drop column stop_requested_by, drop column stop_stage,
    drop column checkpoint_step, drop column resumed_step, drop column keep;

-- The function as migration 0004 made it.
create function public.script_jobs_retry(job uuid, out outcome text, out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
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
revoke all on function public.script_jobs_retry from public;
grant execute on function public.script_jobs_retry to authenticated, service_role;
