drop function public.script_jobs_leave(uuid, text);
drop function public.script_jobs_list_people();
drop function if exists public.script_jobs_memberships(uuid);
drop table public.script_job_tokens;
drop table public.script_job_sessions;
