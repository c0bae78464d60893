-- The secrets of a job that ended without completing are erased: a week later, or when somebody asks for it.

alter table public.script_jobs
    add column secrets_erased_at timestamptz,
    add column lacks_secrets boolean not null default false;
comment on column public.script_jobs.secrets_erased_at is
    'when input_payload of a job that ended without completing was cleared of sealed values';
comment on column public.script_jobs.lacks_secrets is 'it had sealed values, so it cannot be retried without them';
create index script_jobs_with_secrets on public.script_jobs (completed_at)
    where status in ('failed', 'timed_out', 'cancelled') and secrets_erased_at is null;

-- A JSON value with every sealed value in it replaced by the mark of an erased one (sealing.py: SEALED, ERASED).
create function public.script_jobs_without_secrets(value jsonb) returns jsonb
    language plpgsql immutable set search_path = ''
as $$
begin
    return case jsonb_typeof(value)
        when 'object' then
            case when value ? '$sealed' then '{"$erased": true}'::jsonb
                 else (select coalesce(jsonb_object_agg(part.key, public.script_jobs_without_secrets(part.value)), '{}')
                       from jsonb_each(value) part) end
        when 'array' then
            (select coalesce(jsonb_agg(public.script_jobs_without_secrets(part.value) order by part.place), '[]')
             from jsonb_array_elements(value) with ordinality as part (value, place))
        else value end;
end $$;

-- Erases the secrets of one ended job, or of up to `most` that ended `age_s` seconds ago. Rows that somebody is retrying
-- at this moment are skipped; a retry that comes later finds lacks_secrets set.
create function public.script_jobs_erase_old_secrets(age_s float, most integer) returns integer
    language plpgsql set search_path = ''
as $$
declare
    erased integer;
begin
    update public.script_jobs j
    set input_payload = public.script_jobs_without_secrets(j.input_payload), secrets_erased_at = now(),
        lacks_secrets = j.lacks_secrets or j.input_payload::text like '%"$sealed"%'
    where j.id in (
        select old.id from public.script_jobs old
        where old.status in ('failed', 'timed_out', 'cancelled') and old.secrets_erased_at is null
          and old.completed_at < now() - make_interval(secs => age_s)
        order by old.completed_at limit most for no key update skip locked);
    get diagnostics erased = row_count;
    return erased;
end $$;

-- SECURITY DEFINER, for the reason of migration 0004. The update takes the row's lock, so of this and a retry at the same
-- moment the later one finds the other's work done.
create function public.script_jobs_erase_secrets(job uuid, out outcome text, out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set input_payload = public.script_jobs_without_secrets(j.input_payload),
        secrets_erased_at = coalesce(j.secrets_erased_at, now()),
        lacks_secrets = j.lacks_secrets or j.input_payload::text like '%"$sealed"%'
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled')
      and public.script_jobs_may_act(j.organisation_id)
    returning 'erased', j.status into outcome, status;
    if found then
        perform public.script_jobs_say(job, 'action', '{"action": "erase_secrets"}');
    else
        select 'refused', j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
end $$;

-- As in 0008: a job whose secrets are gone is not started again (`erased`).
create or replace function public.script_jobs_retry(job uuid, from_start boolean, out outcome text,
                                         out status public.script_job_status)
    language plpgsql security definer set search_path = ''
as $$
begin
    update public.script_jobs j
    set status = 'pending', retry_count = 0, next_retry_at = null, run_at = null, result = null,
        error_code = null, error_message = null, error_stack = null, stop_requested_at = null, stop_requested_by = null,
        stop_stage = null, progress_percent = 0, progress_message = null, current_step = 0, resumed_step = null,
        checkpoint_step = case when not from_start then checkpoint_step end
    where j.id = job and j.status in ('failed', 'timed_out', 'cancelled') and not j.lacks_secrets
      and public.script_jobs_may_act(j.organisation_id)
    returning 'retried', j.status into outcome, status;
    if found and from_start then
        delete from public.script_job_checkpoints c where c.job_id = job;
    elsif outcome is null then
        select case when j.lacks_secrets and j.status in ('failed', 'timed_out', 'cancelled')
                    then 'erased' else 'refused' end, j.status into outcome, status
        from public.script_jobs j where j.id = job and public.script_jobs_may_act(j.organisation_id);
    end if;
exception when unique_violation then
    outcome := 'duplicate';
end $$;

revoke all on function public.script_jobs_without_secrets, public.script_jobs_erase_old_secrets,
    public.script_jobs_erase_secrets from public;
grant execute on function public.script_jobs_without_secrets, public.script_jobs_erase_old_secrets to service_role;
grant execute on function public.script_jobs_erase_secrets to authenticated, service_role;
