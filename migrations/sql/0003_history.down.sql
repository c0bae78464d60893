drop trigger script_jobs_after_move on public.script_jobs;
drop function public.script_jobs_after_move;
drop table public.script_job_files;
drop table public.script_job_events;
drop function public.script_job_events_tell;
drop table public.script_job_checkpoints;
drop table public.script_job_steps;
drop table public.script_job_attempts;
