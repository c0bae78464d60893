drop function public.script_jobs_waiting;
drop function public.script_jobs_front;
drop function public.script_jobs_claim;
drop type public.script_jobs_claimed;
drop function public.script_jobs_return_to_line;
