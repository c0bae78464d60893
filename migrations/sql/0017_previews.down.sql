alter table public.script_job_uploads drop column preview;
