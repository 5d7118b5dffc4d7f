-- What the Morning Report must know of a plant beside its assets and shifts: what losses cost, what people call
-- the assets, and which days have a report. Each is an answer of its own, because a poll needs none of them.
-- And two reports asked for by hand within a second are one double click only when they are of the same days.
-- To old code nothing changes: it asks for none of this.

create function public.plant_cost_centers(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(center), '[]')
  from (
    select c.standard_hourly_rate, c.scrap_unit_cost, json_agg(a.id) as asset_ids
    from public.cost_centers as c
    join public.assets as a on a.cost_center_id = c.id
    where a.plant = p_plant
    group by c.id
    order by c.id
  ) as center;
$$;

comment on function public.plant_cost_centers(text) is
  'The cost centers of a plant as a JSON list: rates (US dollars per hour and per unit) and the assets they hold for.';

create function public.plant_asset_names(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_object_agg(a.id, a.name), '{}')
  from public.assets as a
  where a.plant = p_plant;
$$;

comment on function public.plant_asset_names(text) is
  'What people call the assets of a plant: a JSON object from asset id to name.';

create function public.plant_report_dates(p_plant text, p_since date)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(distinct dated.report_date), '[]')
  from public.assets as a
  -- Asset by asset, because the index on both is at hand, and summaries are kept for good.
  cross join lateral (
    select s.report_date
    from public.daily_summaries as s
    where s.asset_id = a.id
    and s.report_date >= p_since
    union all
    select max(earlier.report_date)
    from public.daily_summaries as earlier
    where earlier.asset_id = a.id
    and earlier.report_date < p_since
  ) as dated
  where a.plant = p_plant
  and dated.report_date is not null;
$$;

comment on function public.plant_report_dates(text, date) is
  'The dates from p_since on that have a daily summary of a plant, and each asset''s last one before: a JSON list.';

create or replace function public.recent_manual_run(p_claim jsonb, p_now timestamptz)
returns public.pipeline_runs
language sql
stable
security invoker
set search_path = ''
as $$
  select run
  from public.pipeline_runs as run
  where p_claim ->> 'trigger' = 'manual'
  and p_claim ->> 'idempotency_key' is null
  and run.pipeline = p_claim ->> 'pipeline'
  and run.plant = p_claim ->> 'plant'
  and run.trigger = 'manual'
  and run.status in ('succeeded', 'partial')
  and run.finished_at between p_now - interval '1 second' and p_now
  -- A poll by hand is of now, so two of them never have one window; a span that was named is that span alone.
  and (
    not coalesce((p_claim ->> 'is_window_named')::boolean, false)
    or (run.window_start, run.window_until) = (
      (p_claim ->> 'window_start')::timestamptz, (p_claim ->> 'window_until')::timestamptz
    )
  )
  order by run.finished_at desc
  limit 1;
$$;

comment on function public.recent_manual_run(jsonb, timestamptz) is
  'The manual run that ended within the last second, of the same window when one was named, when the claim is a '
  'manual one without a key: a double click.';

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
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

revoke all on function public.plant_cost_centers(text) from public, anon, authenticated, service_role;
revoke all on function public.plant_asset_names(text) from public, anon, authenticated, service_role;
revoke all on function public.plant_report_dates(text, date) from public, anon, authenticated, service_role;
grant execute on function public.plant_cost_centers(text) to service_role;
grant execute on function public.plant_asset_names(text) to service_role;
grant execute on function public.plant_report_dates(text, date) to service_role;
