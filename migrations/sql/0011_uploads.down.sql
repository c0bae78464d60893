drop table public.script_job_used_uploads;
drop table public.script_job_uploads;
