-- Rules of alerts compare: a failure with those before it, the rows of a poll with those of earlier weeks. The claim brings
-- both. Health changes alerts every minute, and only needs to speak of what fires or what is open.
-- The old code keeps working: it asks for nothing of this.

set lock_timeout = '2s';

create function public.failures_in_a_row(p_pipeline text, p_plant text)
returns integer
language sql
stable
security invoker
set search_path = ''
as $$
  select count(*)::integer
  from (
    select
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline
    and run.plant = p_plant
    and run.status in ('failed', 'abandoned')
    and run.started_at > coalesce((
      select success.started_at
      from public.pipeline_runs as success
      where success.pipeline = p_pipeline
      and success.plant = p_plant
      and success.status in ('succeeded', 'partial')
      order by success.started_at desc
      limit 1
    ), '-infinity')
    -- Beyond it nobody counts.
    limit 100
  ) as failure;
$$;

comment on function public.failures_in_a_row(text, text) is
  'How many runs of a pipeline and plant have failed since its last success, at most 100.';

revoke all on function public.failures_in_a_row(text, text) from public, anon, authenticated, service_role;
grant execute on function public.failures_in_a_row(text, text) to service_role;

create function public.rows_of_slots(p_pipeline text, p_plant text, p_slots jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg((run.counts ->> 'output_rows')::bigint order by run.slot), '[]')
  from public.pipeline_runs as run
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.slot = any (array(select slot.at::timestamptz from jsonb_array_elements_text(p_slots) as slot (at)))
  and run.trigger = 'schedule'
  and run.status in ('succeeded', 'partial')
  and run.counts ? 'output_rows';
$$;

comment on function public.rows_of_slots(text, text, jsonb) is
  'How many rows of output the successful runs of some slots have read, oldest first; slots without one are left out.';

revoke all on function public.rows_of_slots(text, text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.rows_of_slots(text, text, jsonb) to service_role;

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
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

create or replace function public.pipeline_health(p_pipelines jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '4s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
begin
  perform public.watch_pipelines(p_pipelines, v_now);
  return jsonb_build_object(
    'pipelines', public.pipeline_summaries(p_pipelines, v_now),
    'alerted', (
      select coalesce(jsonb_agg(distinct jsonb_build_array(alert.scope, alert.plant)), '[]')
      from public.alerts as alert
      where alert.resolved_at is null and alert.safety_event_id is null
    )
  );
end;
$$;
