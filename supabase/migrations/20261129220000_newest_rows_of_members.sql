-- Row level security walked a whole table for whoever sees little of it: the newest runs and summaries took a user
-- without any membership seconds, and a member of one plant half a second. These functions begin with what the caller
-- may read. New functions and an index: old code is not touched.

set lock_timeout = '2s';

-- The newest runs of one plant, whichever its pipelines are.
create index pipeline_runs_plant_idx on public.pipeline_runs (plant, started_at desc, id desc);

-- Whoever is not under row level security, which is the service, has no memberships and reads everything.
create function public.reads_all_plants()
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select
    not row_security_active('public.plant_members')
    or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*');
$$;

comment on function public.reads_all_plants() is
  'Whether the caller reads what is of every plant: the service, and members of all plants.';

revoke all on function public.reads_all_plants() from public, anon, authenticated, service_role;
grant execute on function public.reads_all_plants() to authenticated, service_role;

create function public.newest_runs(p_limit integer default 100, p_plant text default null)
returns json
language plpgsql
stable
security invoker
set search_path = ''
-- Planned for each call: one plan for members of all plants and of one would walk the table for one of them.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_plants text[];
  v_runs json;
begin
  if p_limit is null or p_limit not between 1 and 10000 then
    raise exception 'p_limit must be 1 to 10000 runs, not %', coalesce(p_limit::text, 'null') using errcode = '22023';
  end if;

  if public.reads_all_plants() and p_plant is null then
    select json_agg(to_json(newest) order by newest.started_at desc, newest.id desc)
    into v_runs
    from (select run.* from public.pipeline_runs as run order by run.started_at desc, run.id desc limit p_limit) as newest;
  else
    v_plants := case
      when public.reads_all_plants() then array[p_plant]
      else array(
        select m.plant from public.plant_members as m where m.user_id = (select auth.uid())
        union
        -- What is of no plant is read by any member.
        select '(no plant)' from public.plant_members as m where m.user_id = (select auth.uid())
      )
    end;
    select json_agg(to_json(newest) order by newest.started_at desc, newest.id desc)
    into v_runs
    from (
      select run.*
      from unnest(v_plants) as mine (plant)
      cross join lateral (
        select one.*
        from public.pipeline_runs as one
        where one.plant = mine.plant
        order by one.started_at desc, one.id desc
        limit p_limit
      ) as run
      where p_plant is null or mine.plant = p_plant
      order by run.started_at desc, run.id desc
      limit p_limit
    ) as newest;
  end if;
  return json_build_object('runs', coalesce(v_runs, '[]'));
end;
$$;

comment on function public.newest_runs(integer, text) is
  'The newest runs that the caller may read (1 to 10000), of one plant or of all, the newest first.';

revoke all on function public.newest_runs(integer, text) from public, anon, authenticated, service_role;
grant execute on function public.newest_runs(integer, text) to authenticated, service_role;

create function public.newest_summaries(p_days integer default 7, p_plant text default null)
returns json
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if p_days is null or p_days not between 1 and 400 then
    raise exception 'p_days must be 1 to 400 days, not %', coalesce(p_days::text, 'null') using errcode = '22023';
  end if;
  return (
    with asset as materialized (
      select a.id, a.plant, a.name
      from public.assets as a
      where p_plant is null or a.plant = p_plant
    ),
    -- Each plant counts from its own newest day: one that is behind shows its days all the same.
    plant as materialized (
      select asset.plant, max(newest.report_date) as until
      from asset
      cross join lateral (
        select d.report_date
        from public.daily_summaries as d
        where d.asset_id = asset.id
        order by d.report_date desc
        limit 1
      ) as newest
      group by asset.plant
    )
    select json_build_object('summaries', coalesce(json_agg(
      json_build_object('plant', asset.plant, 'asset', asset.name, 'summary', day.told)
      order by day.report_date desc, asset.plant, asset.name, asset.id
    ), '[]'))
    from asset
    join plant on plant.plant = asset.plant
    cross join lateral (
      select d.report_date, to_json(d) as told
      from public.daily_summaries as d
      where d.asset_id = asset.id
      and d.report_date > plant.until - p_days
      order by d.report_date desc
      limit p_days
    ) as day
  );
end;
$$;

comment on function public.newest_summaries(integer, text) is
  'The daily summaries of the newest days (1 to 400) of each plant that the caller may read, or of one; newest first.';

revoke all on function public.newest_summaries(integer, text) from public, anon, authenticated, service_role;
grant execute on function public.newest_summaries(integer, text) to authenticated, service_role;
