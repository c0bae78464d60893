-- Uploaded files: menus and pictures that payloads name by id. A file stays as long as a job that names it.

create table public.script_job_uploads (
    id uuid primary key,
    organisation_id uuid not null references public.organisations on delete cascade,
    created_by uuid references auth.users on delete set null,
    kind text not null check (kind in ('csv', 'image')),
    name text not null check (length(name) between 1 and 200),
    media_type text not null,
    size integer not null check (size > 0),
    storage_key text not null unique,
    created_at timestamptz not null default now()
);
-- The sweep of files that no job names reads the oldest first.
create index script_job_uploads_age on public.script_job_uploads (created_at);
create index script_job_uploads_organisation on public.script_job_uploads (organisation_id);
create index script_job_uploads_creator on public.script_job_uploads (created_by);

create table public.script_job_used_uploads (
    job_id uuid not null references public.script_jobs on delete cascade,
    upload_id uuid not null references public.script_job_uploads on delete cascade,
    primary key (job_id, upload_id)
);
create index script_job_used_uploads_by_upload on public.script_job_used_uploads (upload_id);

alter table public.script_job_uploads enable row level security;
alter table public.script_job_used_uploads enable row level security;
create policy "Service role full access" on public.script_job_uploads to service_role using (true) with check (true);
create policy "Users can view organisation files" on public.script_job_uploads for select to authenticated
    using (organisation_id = any ((select public.script_jobs_organisations())::uuid[]));
create policy "Users can upload organisation files" on public.script_job_uploads for insert to authenticated
    with check (
        organisation_id = any ((select public.script_jobs_organisations(true))::uuid[])
        and created_by = (select auth.uid()));
create policy "Service role full access" on public.script_job_used_uploads to service_role using (true) with check (true);
create policy "Users can view organisation jobs" on public.script_job_used_uploads for select to authenticated
    using (exists (select from public.script_jobs j where j.id = script_job_used_uploads.job_id));
-- Only one's own new job, and only files of the same organisation.
create policy "Users can create organisation jobs" on public.script_job_used_uploads for insert to authenticated
    with check (exists (
        select from public.script_jobs j join public.script_job_uploads u on u.organisation_id = j.organisation_id
        where j.id = script_job_used_uploads.job_id and u.id = upload_id and j.created_by = (select auth.uid())
          and j.attempt_count = 0 and j.status in ('pending', 'queued')));
revoke all on public.script_job_uploads, public.script_job_used_uploads from anon, authenticated;
grant all on public.script_job_uploads, public.script_job_used_uploads to service_role;
grant select, insert on public.script_job_uploads, public.script_job_used_uploads to authenticated;
