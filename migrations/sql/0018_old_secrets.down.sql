drop function public.script_jobs_erase_secrets;
drop function public.script_jobs_erase_old_secrets;
drop function public.script_jobs_without_secrets;
create or replace function public.script_jobs_retry(job uuid, from_start boolean, out outcome text,
                                         out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set status = 'pending', retry_count = 0, next_retry_at = null, run_at = null, result = null,
        error_code = null, error_message = null, error_stack = null, stop_requested_at = null, stop_requested_by = null,
        stop_stage = null, progress_percent = 0, progress_message = null, current_step = 0, resumed_step = null,
        checkpoint_step = case when not from_start then checkpoint_step end
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled') and public.script_jobs_may_act(j.organisation_id)
    returning 'retried', j.status into outcome, status;
    if found and from_start then
        delete from public.script_job_checkpoints c where c.job_id = job;
    elsif outcome is null then
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
exception when unique_violation then
    outcome := 'duplicate';
end $$;

alter table public.script_jobs drop column secrets_erased_at, drop column lacks_secrets;
