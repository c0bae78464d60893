-- Every list is read in the order of an index, under the caller's row policies.

create index script_jobs_type_status on public.script_jobs (organisation_id, job_type, status, created_at desc, id desc);
drop index public.script_jobs_updated;
create index script_jobs_updated on public.script_jobs (organisation_id, updated_at desc, id desc);
create index script_jobs_started on public.script_jobs (organisation_id, started_at desc nulls last, id desc);
create index script_jobs_completed on public.script_jobs (organisation_id, completed_at desc nulls last, id desc);
create index script_jobs_priority on public.script_jobs (organisation_id, priority desc, created_at desc, id desc);

-- Under a row policy the planner uses a condition for an index only when its operator is leakproof, and that of enums is
-- not: a caller's list by status or type would read the whole organisation. So these functions find the ids (SECURITY
-- DEFINER, for members of the organisation alone), and the caller reads the rows themselves under the policies.
create function public.script_jobs_list_conditions(organisation uuid, kind text, restaurant uuid, since timestamptz)
    returns text language plpgsql stable set search_path = ''
as $$
begin
    -- False for everybody else: the list is empty.
    return format('organisation_id = %L', case
               when coalesce(auth.role(), '') = 'service_role' or organisation = any (public.script_jobs_organisations())
               then organisation end)
        || coalesce(' and job_type = ' || quote_literal(kind), '')
        || coalesce(' and restaurant_id = ' || quote_literal(restaurant), '')
        || coalesce(' and created_at >= ' || quote_literal(since), '');
end $$;

-- The ids of one page. `key` is a column of script_jobs. Types and statuses stand as constants in the statement, so the
-- planner knows which are rare. An index that begins with the status gives the newest jobs of one status in order, not
-- those of several; so such a list is merged from one range for each. A restaurant has few jobs; they are sorted.
create function public.script_jobs_list(organisation uuid, statuses text[], kind text, restaurant uuid,
                                        since timestamptz, key text, descending boolean, skip integer, most integer)
    returns setof uuid language plpgsql stable security definer set search_path = ''
as $$
declare
    way constant text := case when descending then ' desc' else ' asc' end;
    by_type constant boolean := key = 'job_type' and kind is null and restaurant is null;
    by_status constant boolean := restaurant is null and not by_type
        and (key = 'status' or key in ('created_at', 'job_type') and cardinality(statuses) > 1);
    conditions text := public.script_jobs_list_conditions(organisation, kind, restaurant, since);
    -- Jobs without such a time stand last in a descending list and first in an ascending one: one index serves both.
    first constant text := format('%I', key) || way || case when key not in ('started_at', 'completed_at') then ''
                                                            when descending then ' nulls last' else ' nulls first' end;
    -- Of jobs with the same status, type or priority the newest stands first in a descending list.
    rest constant text := case when key in ('status', 'job_type', 'priority') then 'created_at' || way || ', ' else '' end
                          || 'id' || way;
    ranges text;
begin
    if statuses <> '{}' and not by_status then
        conditions := conditions || format(' and status = any (%L::public.script_job_status[])', statuses);
    end if;
    select string_agg(
        format('(select id, %I as key, created_at from public.script_jobs where %s order by %s limit %s)', key,
               concat_ws(' and ', conditions, part.condition),
               case when part.condition is not null and key in ('status', 'job_type') then rest
                    else first || ', ' || rest end, skip + most), ' union all ')
    into ranges
    from (
        select format('job_type = %L', kinds.kind) as condition
        from unnest(enum_range(null::public.script_job_type)) as kinds (kind) where by_type
        union all
        select format('status = %L', states.state)
        from unnest(case when statuses <> '{}' then statuses::public.script_job_status[]
                         else enum_range(null::public.script_job_status) end) as states (state) where by_status
        union all
        select null where not (by_type or by_status)
    ) as part;
    return query execute format(
        'select id from (%s) as found order by %s, %s offset %s limit %s', ranges,
        case when key in ('status', 'job_type') then 'key::text' || way else replace(first, format('%I', key), 'key') end,
        rest, skip, most);
end $$;

-- How many there are, at most `most`.
create function public.script_jobs_count(organisation uuid, statuses text[], kind text, restaurant uuid,
                                         since timestamptz, most integer)
    returns integer language plpgsql stable security definer set search_path = ''
as $$
declare
    found_ integer;
begin
    execute format('select count(*) from (select from public.script_jobs where %s%s limit %s) as every',
                   public.script_jobs_list_conditions(organisation, kind, restaurant, since),
                   case when statuses <> '{}'
                        then format(' and status = any (%L::public.script_job_status[])', statuses) else '' end, most)
    into found_;
    return found_;
end $$;

revoke all on function public.script_jobs_list_conditions, public.script_jobs_list, public.script_jobs_count from public;
grant execute on function public.script_jobs_list, public.script_jobs_count to authenticated, service_role;
