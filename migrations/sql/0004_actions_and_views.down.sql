drop view public.script_jobs_metrics;
drop view public.script_jobs_failed_summary;
drop view public.script_jobs_queue_status;
drop function public.script_jobs_retry;
drop function public.script_jobs_cancel;
