drop function public.script_jobs_count;
drop function public.script_jobs_list;
drop function public.script_jobs_list_conditions;
drop index public.script_jobs_priority;
drop index public.script_jobs_completed;
drop index public.script_jobs_started;
drop index public.script_jobs_updated;
create index script_jobs_updated on public.script_jobs (organisation_id, updated_at desc);
drop index public.script_jobs_type_status;
