drop table public.script_job_sign_in_links;
drop table public.script_job_sign_ins;
