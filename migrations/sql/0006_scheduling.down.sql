drop function public.script_jobs_hindrance(public.script_jobs, integer);
drop type public.script_jobs_hindrance;
drop trigger script_jobs_set_free on public.script_jobs;
drop function public.script_jobs_set_free;
drop trigger script_jobs_hold on public.script_jobs;
drop function public.script_jobs_hold;
drop table public.script_job_pauses;
drop table public.script_job_prerequisites;
drop function public.script_job_prerequisites_check;
create index script_jobs_queue on public.script_jobs (priority desc, created_at, id)
    where status in ('pending', 'queued');
-- The indexes go with their columns, this one excepted.
drop index public.script_jobs_durations;
alter table public.script_jobs
    drop column held_by, drop column concurrency_key, drop column concurrency_limit, drop column rate_key,
    drop column rate_interval_ms, drop column restaurant_key, drop column allow_duplicate, drop column payload_size;
