-- How long jobs take, and what stands before a job: learnt from all organisations' jobs, since a duration is nobody's
-- secret. SECURITY DEFINER, so that a caller reads them in the transaction that shows the job; they name no job.

-- The newest 200 by the index script_jobs_durations, whatever the history. A job that was tried again, or resumed, says
-- nothing of how long the whole takes.
create function public.script_jobs_samples(type text) returns table (duration_ms float, size integer)
    language sql stable security definer set search_path = ''
as $$
    select extract(epoch from newest.completed_at - newest.started_at) * 1000, newest.payload_size
    from (
        select * from public.script_jobs
        where job_type = type::public.script_job_type and status = 'completed'
        order by completed_at desc limit 200
    ) as newest
    where newest.attempt_count = 1
$$;

-- What runs (`ran_ms`), and the first `before` jobs of the line.
create function public.script_jobs_ahead(share integer, before integer)
    returns table (job_type text, size integer, ran_ms float)
    language sql stable security definer set search_path = ''
as $$
    (select r.job_type::text, r.payload_size, extract(epoch from now() - r.started_at) * 1000
     from public.script_jobs r where r.status = 'in_progress' limit 200)
    union all
    (select j.job_type::text, j.payload_size, null
     from public.script_jobs_front(share) with ordinality as front (id, place)
     join public.script_jobs j on j.id = front.id
     order by front.place limit before)
$$;

revoke all on function public.script_jobs_samples, public.script_jobs_ahead from public;
grant execute on function public.script_jobs_samples, public.script_jobs_ahead to authenticated, service_role;
