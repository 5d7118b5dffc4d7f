-- A claim brought a line with six names for each asset, each time: 139 of 163 kB for a thousand assets. A plant's model is one part
-- now: a list for each column, with a version, and a process that has this version is not sent it again.
-- The parts of before (assets, shift_patterns, closed_days) stay, so old code goes on working.

create function public.plant_asset_columns(p_plant text)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'asset_id', coalesce(json_agg(a.id order by a.id), '[]'),
    'source_name', coalesce(json_agg(a.source_name order by a.id), '[]'),
    'ideal_units_per_hour', coalesce(json_agg(a.ideal_units_per_hour order by a.id), '[]'),
    'is_active', coalesce(json_agg(a.is_active order by a.id), '[]'),
    'is_mapped', coalesce(json_agg(a.is_mapped order by a.id), '[]'),
    'product_rates', (
      select coalesce(json_object_agg(rated.asset_id, rated.rates order by rated.asset_id), '{}')
      from (
        select r.asset_id, json_object_agg(r.product_key, r.ideal_units_per_hour order by r.product_key) as rates
        from public.product_rates as r
        join public.assets as b on b.id = r.asset_id
        where b.plant = p_plant
        group by r.asset_id
      ) as rated
    )
  )
  from public.assets as a
  where a.plant = p_plant;
$$;

comment on function public.plant_asset_columns(text) is
  'All assets of a plant, inactive and unmapped ones included: a list for each column, in one order, and the rates of products by asset.';

revoke all on function public.plant_asset_columns(text) from public, anon, authenticated;
grant execute on function public.plant_asset_columns(text) to service_role;

create function public.plant_model(p_plant text, p_since timestamptz, p_until timestamptz, p_known text)
returns json
language sql
stable
set search_path = ''
as $$
  select case
    when found.version = p_known then json_build_object('version', found.version)
    else json_build_object('version', found.version, 'parts', found.parts)
  end
  from (
    select model.parts, encode(sha256(convert_to(model.parts::text, 'UTF8')), 'hex') as version
    from (
      -- Not to be put in place of each mention of it: it would be made three times.
      select json_build_object(
        'assets', public.plant_asset_columns(p_plant),
        'shift_patterns', public.plant_shift_patterns(p_plant, p_since),
        'closed_days', public.plant_closed_days(p_plant, p_since, p_until)
      ) as parts
      offset 0
    ) as model
  ) as found;
$$;

comment on function public.plant_model(text, timestamptz, timestamptz, text) is
  'What a plant has and plans around a span of time (assets, shift patterns, closed days), with a version of it; to somebody who knows this version, the version alone.';

revoke all on function public.plant_model(text, timestamptz, timestamptz, text) from public, anon, authenticated;
grant execute on function public.plant_model(text, timestamptz, timestamptz, text) to service_role;

create or replace function public.claimed_answer(p_claim jsonb, p_run jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_object_agg(part.name, part.value)
  from (
    select 'answer' as name, to_json('claimed'::text) as value
    union all
    select 'run', p_run::json
    union all
    select
      'plant_model',
      public.plant_model(
        p_claim ->> 'plant',
        (p_claim ->> 'window_start')::timestamptz,
        (p_claim ->> 'window_until')::timestamptz,
        p_claim ->> 'known_model'
      )
    where p_claim -> 'wants' ? 'plant_model'
    union all
    select 'assets', public.plant_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'assets'
    union all
    select
      'shift_targets',
      public.plant_shift_targets(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_targets'
    union all
    select
      'shift_patterns',
      public.plant_shift_patterns(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_patterns'
    union all
    select
      'closed_days',
      public.plant_closed_days(
        p_claim ->> 'plant',
        (p_claim ->> 'window_start')::timestamptz,
        (p_claim ->> 'window_until')::timestamptz
      )
    where p_claim -> 'wants' ? 'closed_days'
    union all
    select 'planned_assets', public.plant_planned_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'planned_assets'
    union all
    select 'cost_centers', public.plant_cost_centers(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'cost_centers'
    union all
    select 'asset_names', public.plant_asset_names(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'asset_names'
    union all
    select
      'report_dates',
      public.plant_report_dates(p_claim ->> 'plant', (p_claim ->> 'report_dates_since')::date)
    where p_claim -> 'wants' ? 'report_dates'
    union all
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select
      'failures_before',
      to_json(public.failures_in_a_row(p_claim ->> 'pipeline', p_claim ->> 'plant'))
    where p_claim -> 'wants' ? 'failures'
    union all
    select
      'rows_before',
      public.rows_of_slots(p_claim ->> 'pipeline', p_claim ->> 'plant', p_claim -> 'rows_at')
    where jsonb_typeof(p_claim -> 'rows_at') = 'array'
    union all
    select 'series', public.series_of(p_claim -> 'series_of' -> 'kinds')
    where p_claim -> 'wants' ? 'series'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;
