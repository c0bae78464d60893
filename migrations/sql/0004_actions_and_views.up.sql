-- What colleagues may do to each other's jobs, as narrow functions; and the three monitoring views.

-- SECURITY DEFINER: the row policy lets a person cancel only own jobs; members who may act reach colleagues' jobs
-- through these two doors, which check the membership themselves. The trigger records who it was.
-- Safe against a claim at the same moment: both update the row under its lock, and the second one finds the condition
-- on status false. `outcome` tells which one won.
create function public.script_jobs_cancel(job uuid, out outcome text, out status public.script_job_status,
                                          out cancelled_at timestamptz)
    language plpgsql security definer set search_path = ''
as $$
declare
    mine constant uuid[] := public.script_jobs_organisations(true);
    served constant boolean := coalesce(auth.role(), '') = 'service_role';
begin
    update public.script_jobs j
    set status = 'cancelled', next_retry_at = null
    where j.id = job and j.status in ('pending', 'queued') and (served or j.organisation_id = any (mine))
    returning 'cancelled', j.status, j.cancelled_at into outcome, status, cancelled_at;
    if not found then
        select 'refused', j.status, j.cancelled_at into outcome, status, cancelled_at
        from public.script_jobs j
        where j.id = job and (served or j.organisation_id = any (mine));
    end if;
end $$;

-- Starts the job again from a clean slate; attempts, events and checkpoints stay.
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

revoke all on function public.script_jobs_cancel, public.script_jobs_retry from public;
grant execute on function public.script_jobs_cancel, public.script_jobs_retry to authenticated, service_role;

-- security_invoker: the views show what the caller's row policies show.
create view public.script_jobs_queue_status with (security_invoker = true) as
select job_type,
       status,
       count(*) as count,
       round(avg(extract(epoch from completed_at - started_at)), 2) as average_duration_seconds,
       min(created_at) as oldest,
       max(created_at) as newest
from public.script_jobs
where created_at > now() - interval '24 hours'
group by job_type, status;

create view public.script_jobs_failed_summary with (security_invoker = true) as
select id, job_id, job_type, status, error_code, error_message, retry_count, max_retries, organisation_id,
       restaurant_id, created_by, created_at, completed_at
from public.script_jobs
where status in ('failed', 'timed_out')
  and created_at > now() - interval '7 days'
  and (retry_count >= max_retries or next_retry_at is null);

create view public.script_jobs_metrics with (security_invoker = true) as
select job_type,
       count(*) filter (where status = 'completed') as completed,
       count(*) filter (where status in ('failed', 'timed_out')) as failed,
       count(*) filter (where status = 'in_progress') as in_progress,
       count(*) filter (where status in ('pending', 'queued')) as queued,
       round(100.0 * count(*) filter (where status = 'completed')
             / nullif(count(*) filter (where status in ('completed', 'failed', 'timed_out')), 0), 2)
           as success_rate_percent,
       round(avg(extract(epoch from completed_at - started_at)) filter (where status = 'completed'), 2)
           as average_duration_seconds
from public.script_jobs
where created_at > now() - interval '24 hours'
group by job_type;

grant select on public.script_jobs_queue_status, public.script_jobs_failed_summary, public.script_jobs_metrics
    to authenticated, service_role;
