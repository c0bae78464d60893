-- What a worker says regularly: that it lives, and which attempts it holds. A transaction in itself, in one round trip:
-- in a transaction of several, a line that goes silent in the middle would leave the rows locked, and no other
-- connection could renew them in time.
-- A rescue sets `ended_at` under the row's lock, so a renewal that comes after it renews nothing and is told so; a
-- rescue that waits behind a renewal checks the time again and leaves the attempt alone.
create function public.script_jobs_renew(beat jsonb, stopping boolean, lease_s float, fences bigint[])
    returns setof bigint language plpgsql
    set search_path = '' set plan_cache_mode = force_generic_plan
as $$
begin
    perform set_config('role', 'service_role', true);
    return query
        update public.script_job_attempts
        set lease_expires_at = now() + make_interval(secs => lease_s)
        where id = any (fences) and ended_at is null
        returning id;
    insert into public.script_job_workers as w (id, host, pid, version, slots, job_types, is_stopping, alive_until)
    values (beat ->> 'id', beat ->> 'host', (beat ->> 'pid')::integer, beat ->> 'version', (beat ->> 'slots')::integer,
            array(select jsonb_array_elements_text(beat -> 'job_types')), stopping,
            now() + make_interval(secs => lease_s))
    on conflict (id) do update
        set heartbeat_at = now(), alive_until = excluded.alive_until, is_stopping = excluded.is_stopping;
end $$;
revoke all on function public.script_jobs_renew from public;
grant execute on function public.script_jobs_renew to service_role;
