-- Sign-in to our own pages: passwords (argon2id) and one-time links (hashes only). The service role alone reads them.
create table public.script_job_sign_ins (
    user_id uuid primary key references auth.users on delete cascade,
    password_hash text not null,
    changed_at timestamptz not null default now()
);
create table public.script_job_sign_in_links (
    token_hash text primary key,
    user_id uuid not null references auth.users on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz
);
alter table public.script_job_sign_ins enable row level security;
alter table public.script_job_sign_in_links enable row level security;
create policy "Service role full access" on public.script_job_sign_ins to service_role using (true) with check (true);
create policy "Service role full access" on public.script_job_sign_in_links to service_role
    using (true) with check (true);
revoke all on public.script_job_sign_ins, public.script_job_sign_in_links from anon, authenticated;
grant all on public.script_job_sign_ins, public.script_job_sign_in_links to service_role;
do $$
begin
    -- On Supabase the service role reads users already; where the table is ours, it may also add them.
    if obj_description(to_regclass('auth.users'), 'pg_class') = 'made by script-jobs' then
        grant select, insert on auth.users to service_role;
    end if;
end $$;
