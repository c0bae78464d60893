drop function public.script_jobs_complete;
drop table public.script_job_workers;
