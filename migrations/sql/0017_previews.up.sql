-- What people see of an uploaded file is found out once, when it comes, and kept.

alter table public.script_job_uploads add column preview jsonb not null default '{}';
comment on column public.script_job_uploads.preview is 'the menu''s rows, problems and sample, or the picture''s size';
