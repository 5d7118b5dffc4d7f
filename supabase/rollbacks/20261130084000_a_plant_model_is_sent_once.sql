-- Claims are answered as before: without a plant model of a version. Code that asks for one stops.

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

drop function public.plant_model(text, timestamptz, timestamptz, text);
drop function public.plant_asset_columns(text);
