-- A member of all plants got every summary of the newest days, thousands of them, where a page shows fifty. Now the newest
-- summaries may be limited, and whoever reads all plants reads them straight from the index by date. A call without p_limit
-- answers what it did, so old code keeps working.

set lock_timeout = '2s';

drop function public.newest_summaries(integer, text);

create function public.newest_summaries(
  p_days integer default 7, p_plant text default null, p_limit integer default null
)
returns json
language plpgsql
stable
security invoker
set search_path = ''
-- Seven days of a thousand assets are sorted in memory.
set work_mem = '16MB'
as $$
declare
  v_since date;
begin
  if p_days is null or p_days not between 1 and 400 then
    raise exception 'p_days must be 1 to 400 days, not %', coalesce(p_days::text, 'null') using errcode = '22023';
  end if;
  if p_limit not between 1 and 100000 then
    raise exception 'p_limit must be 1 to 100000 summaries, not %', p_limit using errcode = '22023';
  end if;

  -- Whoever reads every plant reads the newest rows of the table, as long as they lie in the days of any plant.
  if p_limit is not null and p_plant is null and public.reads_all_plants() then
    select d.report_date into v_since
    from public.daily_summaries as d
    order by d.report_date desc
    offset p_limit - 1
    limit 1;
    if v_since > (select max(d.report_date) from public.daily_summaries as d) - p_days then
      return (
        select json_build_object('summaries', coalesce(json_agg(
          json_build_object('plant', newest.plant, 'asset', newest.name, 'summary', to_json(newest.told))
        ), '[]'))
        from (
          select a.plant, a.name, d as told
          from public.daily_summaries as d
          join public.assets as a on a.id = d.asset_id
          where d.report_date >= v_since
          order by d.report_date desc, a.plant, a.name, a.id
          limit p_limit
        ) as newest
      );
    end if;
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
      json_build_object('plant', newest.plant, 'asset', newest.name, 'summary', to_json(newest.told))
    ), '[]'))
    from (
      select asset.plant, asset.name, day.told
      from asset
      join plant on plant.plant = asset.plant
      cross join lateral (
        select d.report_date, d as told
        from public.daily_summaries as d
        where d.asset_id = asset.id
        and d.report_date > plant.until - p_days
        order by d.report_date desc
        limit p_days
      ) as day
      order by day.report_date desc, asset.plant, asset.name, asset.id
      limit p_limit
    ) as newest
  );
end;
$$;

comment on function public.newest_summaries(integer, text, integer) is
  'The daily summaries of the newest days (1 to 400) of each plant that the caller may read, or of one; newest first, at '
  'most p_limit (null: all).';

revoke all on function public.newest_summaries(integer, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.newest_summaries(integer, text, integer) to authenticated, service_role;
