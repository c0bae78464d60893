drop function public.script_jobs_samples, public.script_jobs_ahead;
