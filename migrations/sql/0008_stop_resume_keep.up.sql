-- What people may do with a job beyond cancel and retry: stop it, run it now, cancel the rest, keep it; and the memory
-- of requests that were sent twice.

alter table public.script_jobs
    add column stop_requested_at timestamptz,
    add column stop_requested_by uuid,
    add column stop_stage text check (stop_stage in ('asked', 'closing the browser', 'ended')),
    add column checkpoint_step integer,
    add column resumed_step integer,
    add column keep boolean not null default false,
    add constraint a_job_to_be_stopped_does_not_wait
        check (stop_requested_at is null or status not in ('pending', 'queued'));
comment on column public.script_jobs.stop_requested_at is 'somebody insisted; however the attempt ends, it is not tried again';
comment on column public.script_jobs.stop_requested_by is 'who did; no reference, since the history of a job outlives people';
comment on column public.script_jobs.stop_stage is 'how far the stop has come';
comment on column public.script_jobs.checkpoint_step is 'the step in which the newest checkpoint was saved: where a retry goes on';
comment on column public.script_jobs.resumed_step is 'the step at which this attempt found work of an earlier one';
comment on column public.script_jobs.keep is 'the sweep of old jobs leaves it';
create index script_jobs_ended on public.script_jobs (created_at)
    where status in ('completed', 'failed', 'cancelled', 'timed_out') and not keep;

alter table public.script_job_attempts add column resumed_step integer;
alter table public.script_job_events drop constraint script_job_events_kind_check;
alter table public.script_job_events add constraint script_job_events_kind_check
    check (kind in ('status', 'step', 'progress', 'log', 'screenshot', 'result', 'stop', 'action'));

-- An Idempotency-Key: the answer to its first request, inserted in the transaction of its job. `digest` is keyed, so
-- that nobody can guess a password from it. A key that is being worked on is held by an advisory lock.
create table public.script_job_requests (
    user_id uuid not null references auth.users on delete cascade,
    organisation_id uuid not null references public.organisations on delete cascade,
    path text not null,
    key text not null,
    digest text not null,
    status integer not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    primary key (user_id, organisation_id, path, key)
);
create index script_job_requests_age on public.script_job_requests (created_at);
alter table public.script_job_requests enable row level security;
create policy "Service role full access" on public.script_job_requests to service_role using (true) with check (true);
create policy "Own requests" on public.script_job_requests to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
revoke all on public.script_job_requests from anon, authenticated;
grant select, insert, delete on public.script_job_requests to authenticated;
grant all on public.script_job_requests to service_role;

-- The functions below are SECURITY DEFINER for the reason of migration 0004: members act on each other's jobs through
-- narrow doors. Each takes the job's row lock with its first update, so of stop, finish, rescue, cancel and claim at the
-- same moment the later one finds the condition on the status false.
create function public.script_jobs_may_act(organisation uuid) returns boolean
    language sql stable security definer set search_path = ''
as $$
    select coalesce(auth.role(), '') = 'service_role' or organisation = any (public.script_jobs_organisations(true))
$$;

-- Says what somebody did, beside the moves of the status. The caller holds the lock on the job's row.
create function public.script_jobs_say(job uuid, kind text, data jsonb) returns void
    language sql security definer set search_path = ''
as $$
    insert into public.script_job_events (job_id, attempt, kind, actor, data)
    select j.id, j.attempt_count, kind,
           coalesce(nullif(current_setting('script_jobs.actor', true), ''), 'user:' || auth.uid(),
                    'database:' || session_user), data
    from public.script_jobs j where j.id = job
$$;

create function public.script_jobs_stop(job uuid, out outcome text, out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j set stop_requested_at = now(), stop_requested_by = auth.uid(), stop_stage = 'asked'
    where j.id = job and j.status = 'in_progress' and j.stop_requested_at is null
      and public.script_jobs_may_act(j.organisation_id)
    returning 'asked', j.status into outcome, status;
    if found then
        perform public.script_jobs_say(job, 'stop', '{"stage": "asked"}');
        perform pg_notify('script_jobs_stop', job::text);
    else
        select case when j.stop_requested_at is null then 'refused' when j.status = 'in_progress' then 'asked'
                    when j.status = 'cancelled' then 'stopped' else 'refused' end, j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

-- From the last checkpoint, or from the start. Attempts and events stay. A second active job for the restaurant may have
-- been started meanwhile: then the unique indexes refuse, and the outcome is `duplicate`.
drop function public.script_jobs_retry(uuid);
create function public.script_jobs_retry(job uuid, from_start boolean, out outcome text,
                                         out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set status = 'pending', retry_count = 0, next_retry_at = null, run_at = null, result = null,
        error_code = null, error_message = null, error_stack = null, stop_requested_at = null, stop_requested_by = null,
        stop_stage = null, progress_percent = 0, progress_message = null, current_step = 0, resumed_step = null,
        checkpoint_step = case when not from_start then checkpoint_step end
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled') and public.script_jobs_may_act(j.organisation_id)
    returning 'retried', j.status into outcome, status;
    if found and from_start then
        delete from public.script_job_checkpoints c where c.job_id = job;
    elsif outcome is null then
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
exception when unique_violation then
    outcome := 'duplicate';
end $$;

-- Waits no longer for what a person may decide: its time, its next try, prerequisites that failed for good.
create function public.script_jobs_run_now(job uuid, out outcome text, out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j set run_at = null, next_retry_at = null
    where j.id = job and j.status in ('pending', 'queued') and public.script_jobs_may_act(j.organisation_id)
    returning 'released', j.status into outcome, status;
    if found then
        update public.script_job_prerequisites p set waived_at = now()
        where p.job_id = job and p.waived_at is null
          and exists (select from public.script_jobs n
                      where n.id = p.needs_id and n.status in ('failed', 'timed_out', 'cancelled'));
        perform public.script_jobs_say(job, 'action', '{"action": "run_now"}');
        perform pg_notify('script_jobs_ready', '');
    else
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

-- Cancels every waiting job that needs, directly or not, one of the failed prerequisites of this job. Rows are locked in
-- one order, so two such calls wait for each other and do not deadlock.
create function public.script_jobs_cancel_rest(job uuid) returns setof text
    language plpgsql security definer set search_path = ''
as $$
begin
    return query
    with recursive rest (id) as (
        select b.job_id from public.script_job_prerequisites a
        join public.script_jobs n on n.id = a.needs_id and n.status in ('failed', 'timed_out', 'cancelled')
        join public.script_job_prerequisites b on b.needs_id = n.id and b.waived_at is null
        where a.job_id = job and a.waived_at is null
        union
        select p.job_id from public.script_job_prerequisites p join rest on p.needs_id = rest.id
        where p.waived_at is null
    ), locked as (
        select j.id from public.script_jobs j
        where j.id in (select rest.id from rest) and j.status in ('pending', 'queued')
          and public.script_jobs_may_act(j.organisation_id)
        order by j.id for update
    )
    update public.script_jobs j set status = 'cancelled', next_retry_at = null
    from locked where j.id = locked.id and j.status in ('pending', 'queued')
    returning j.job_id;
end $$;

create function public.script_jobs_keep(job uuid, kept boolean) returns boolean
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j set keep = kept where j.id = job and public.script_jobs_may_act(j.organisation_id);
    if found then
        perform public.script_jobs_say(job, 'action', jsonb_build_object('action', case when kept then 'keep' else 'let_go' end));
    end if;
    return found;
end $$;

-- Whether one more job fits: null, or which limit is reached (`organisation` or `total`). It reads no more rows than the
-- limit. Two at the same moment may both fit into the last place: the limit guards the machine and need not be exact.
create function public.script_jobs_full(organisation uuid, share integer, total integer) returns text
    language sql stable security definer set search_path = ''
as $$
    select case
        when exists (select from public.script_jobs where organisation_id = organisation
                     and status in ('pending', 'queued') offset share - 1 limit 1) then 'organisation'
        when total <= (select count(*) from (
            (select from public.script_jobs where status in ('pending', 'queued') and held_by is null limit total)
            union all
            (select from public.script_jobs where status in ('pending', 'queued') and held_by is not null limit total)
        ) as waiting) then 'total' end
$$;

revoke all on function public.script_jobs_may_act, public.script_jobs_say, public.script_jobs_stop,
    public.script_jobs_retry, public.script_jobs_run_now, public.script_jobs_cancel_rest, public.script_jobs_keep,
    public.script_jobs_full from public;
grant execute on function public.script_jobs_stop, public.script_jobs_retry, public.script_jobs_run_now,
    public.script_jobs_cancel_rest, public.script_jobs_keep, public.script_jobs_full to authenticated, service_role;
grant execute on function public.script_jobs_say to service_role;
