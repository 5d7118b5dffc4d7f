-- Answers with all summaries of the newest days again, however many.

set lock_timeout = '2s';

drop function public.newest_summaries(integer, text, integer);

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
