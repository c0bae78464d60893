drop function public.script_jobs_renew(jsonb, boolean, float, bigint[]);
