-- A poll looked again at every row of the two slots before its own, to find the few that came late. SQL Server can sum
-- them up instead (output_sums.sql). What it said is kept with the run as a seal of each slot, and the next claim brings it.
-- What the server summed up counts as before where polls are compared by their rows.
-- The old code keeps working: it stores no seal, and reads all rows again.

set lock_timeout = '2s';

alter table public.pipeline_runs
add column slot_seals jsonb constraint pipeline_runs_slot_seals_check check (jsonb_typeof(slot_seals) = 'object');
comment on column public.pipeline_runs.slot_seals is
  'By slot (UTC): a text that is equal as long as the slot''s stored rows, its targets, its stops and the sums of its output '
  'at the source are. Only for the newest slots that this run has written or found correct; null without sums.';

create or replace function public.coverage(p_pipeline text, p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_build_object(
    'snapshots_until', newest.snapshots_until,
    'catch_up_from', newest.catch_up_from,
    'catch_up_until', newest.catch_up_until,
    'slot_seals', newest.slot_seals,
    'safety_until', (
      select max(run.safety_until)
      from public.pipeline_runs as run
      where run.pipeline = p_pipeline and run.plant = p_plant and run.safety_until is not null
    )
  )
  from (select 1) as always
  left join lateral (
    select run.snapshots_until, run.catch_up_from, run.catch_up_until, run.slot_seals
    from public.pipeline_runs as run
    where run.pipeline = p_pipeline and run.plant = p_plant and run.snapshots_until is not null
    order by run.snapshots_until desc, run.id desc
    limit 1
  ) as newest on true;
$$;

create or replace function public.finish_run(
  p_run_id bigint, p_status text, p_report jsonb, p_now timestamptz, p_covered jsonb default null
)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  update public.pipeline_runs as run
  set
    status = p_status,
    finished_at = p_now,
    counts = coalesce(p_report -> 'counts', '{}'),
    timings_ms = coalesce(p_report -> 'timings_ms', '{}'),
    is_cold_start = (p_report ->> 'is_cold_start')::boolean,
    error_code = p_report -> 'error' ->> 'code',
    error_message = p_report -> 'error' ->> 'message',
    is_retryable = (p_report -> 'error' ->> 'is_retryable')::boolean,
    snapshots_until = case
      when p_covered is null then run.snapshots_until else (p_covered ->> 'snapshots_until')::timestamptz
    end,
    safety_until = case
      when p_covered is null then run.safety_until else (p_covered ->> 'safety_until')::timestamptz
    end,
    catch_up_from = case
      when p_covered is null then run.catch_up_from else (p_covered ->> 'catch_up_from')::timestamptz
    end,
    catch_up_until = case
      when p_covered is null then run.catch_up_until else (p_covered ->> 'catch_up_until')::timestamptz
    end,
    slot_seals = case when p_covered is null then run.slot_seals else nullif(p_covered -> 'slot_seals', 'null') end,
    -- Without what has a column; run_report puts it back.
    report = (coalesce(p_report, '{}') || jsonb_build_object(
      'status', p_status,
      'outcome', p_status,
      'finished_at', p_now,
      'duration_ms', round(extract(epoch from p_now - run.started_at) * 1000)
    )) - array['counts', 'timings_ms']
  where run.id = p_run_id
  returning public.run_report(run);
$$;

create or replace function public.write_live_pulse(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_is_final constant boolean := coalesce((p_commit ->> 'is_final')::boolean, true);
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_snapshots constant jsonb := public.upsert_snapshots(p_run, p_commit -> 'slots');
  v_report jsonb;
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);
  perform public.tell_plant(p_run, p_commit -> 'plant', p_now);

  if v_is_final then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object(
        'counts', public.add_snapshot_counts(p_commit -> 'report' -> 'counts', v_snapshots)
      ),
      p_now,
      p_commit
    );
  else
    update public.pipeline_runs as run
    set
      snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
      safety_until = (p_commit ->> 'safety_until')::timestamptz,
      catch_up_from = (p_commit ->> 'catch_up_from')::timestamptz,
      catch_up_until = (p_commit ->> 'catch_up_until')::timestamptz,
      slot_seals = nullif(p_commit -> 'slot_seals', 'null')
    where run.id = p_run.id;
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;

create or replace function public.rows_of_slots(p_pipeline text, p_plant text, p_slots jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(
    (run.counts ->> 'output_rows')::bigint + coalesce((run.counts ->> 'summed_rows')::bigint, 0) order by run.slot
  ), '[]')
  from public.pipeline_runs as run
  where run.pipeline = p_pipeline
  and run.plant = p_plant
  and run.slot = any (array(select slot.at::timestamptz from jsonb_array_elements_text(p_slots) as slot (at)))
  and run.trigger = 'schedule'
  and run.status in ('succeeded', 'partial')
  and run.counts ? 'output_rows';
$$;

comment on function public.coverage(text, text) is
  'How far the runs of a pipeline and plant have covered: snapshots_until, safety_until, the slots left to catch up, and '
  'the seals of the newest ones.';
comment on function public.rows_of_slots(text, text, jsonb) is
  'How many rows of output the successful runs of some slots have read or had summed up, oldest first; slots without one '
  'are left out.';
