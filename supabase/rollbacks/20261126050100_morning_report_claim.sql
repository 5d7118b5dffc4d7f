-- The answer to a claim knows nothing of reports again; the Morning Report must be gone before.

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
  order by run.finished_at desc
  limit 1;
$$;

comment on function public.recent_manual_run(jsonb, timestamptz) is
  'The manual run that ended within the last second, when the claim is a manual one without a key: a double click.';

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
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

drop function public.plant_report_dates(text, date);
drop function public.plant_asset_names(text);
drop function public.plant_cost_centers(text);
