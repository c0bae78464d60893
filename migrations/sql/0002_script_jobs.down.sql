drop table public.script_jobs;
drop function public.script_jobs_owns_restaurant;
drop function public.script_jobs_before_write;
drop function public.script_jobs_is_legal_move;
drop type public.script_job_type;
drop type public.script_job_status;
