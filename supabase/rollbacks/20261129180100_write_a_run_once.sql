-- Runs are written twice and reports hold their counts again. A report that was stored without them stays so: they are
-- in the columns of its run.

drop function public.finish_run(bigint, text, jsonb, timestamptz, jsonb);

create function public.finish_run(p_run_id bigint, p_status text, p_report jsonb, p_now timestamptz)
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
    report = coalesce(p_report, '{}') || jsonb_build_object(
      'status', p_status,
      'outcome', p_status,
      'finished_at', p_now,
      'duration_ms', round(extract(epoch from p_now - run.started_at) * 1000)
    )
  where run.id = p_run_id
  returning run.report;
$$;

comment on function public.finish_run(bigint, text, jsonb, timestamptz) is
  'Ends a run with a status and its report; returns the report as stored.';

revoke all on function public.finish_run(bigint, text, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.finish_run(bigint, text, jsonb, timestamptz) to service_role;

comment on column public.pipeline_runs.report is
  'The RunReport as the caller got it; null while running and when abandoned.';

create or replace function public.run_report(p_run public.pipeline_runs)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(p_run.report, jsonb_build_object(
    'run_id', p_run.id,
    'pipeline', p_run.pipeline,
    'plant', p_run.plant,
    'trigger', p_run.trigger,
    'slot', p_run.slot,
    'attempt', p_run.attempt,
    'outcome', p_run.status,
    'status', p_run.status,
    'is_dry_run', false,
    'started_at', p_run.started_at,
    'finished_at', p_run.finished_at,
    'duration_ms', round(extract(epoch from p_run.finished_at - p_run.started_at) * 1000),
    'window', case when p_run.window_start is not null then jsonb_build_object(
      'start', p_run.window_start,
      'until', p_run.window_until
    ) end,
    'counts', p_run.counts,
    'timings_ms', p_run.timings_ms,
    'warnings', '[]'::jsonb,
    'error', case when p_run.error_code is not null then jsonb_build_object(
      'code', p_run.error_code,
      'message', p_run.error_message,
      'is_retryable', p_run.is_retryable
    ) end,
    'requested_by', p_run.requested_by,
    'code_version', p_run.code_version,
    'is_cold_start', p_run.is_cold_start
  ));
$$;

create or replace function public.complete_run(p_fence uuid, p_completion jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if p_completion ->> 'status' is null or p_completion ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a run is completed as succeeded or partial, not %', p_completion -> 'status'
      using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', v_run.report);
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null);
  end if;

  return jsonb_build_object('answer', 'committed', 'report', public.finish_run(
    v_run.id,
    p_completion ->> 'status',
    p_completion -> 'report',
    coalesce(p_now, clock_timestamp())
  ));
end;
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

  update public.pipeline_runs as run
  set
    snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
    safety_until = (p_commit ->> 'safety_until')::timestamptz,
    catch_up_from = (p_commit ->> 'catch_up_from')::timestamptz,
    catch_up_until = (p_commit ->> 'catch_up_until')::timestamptz
  where run.id = p_run.id;

  if v_is_final then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object(
        'counts', public.add_snapshot_counts(p_commit -> 'report' -> 'counts', v_snapshots)
      ),
      p_now
    );
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;

create or replace function public.commit_live_pulse(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_nothing constant jsonb := '{"snapshots": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', v_run.report) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  return public.write_live_pulse(v_run, p_commit, coalesce(p_now, clock_timestamp()));
end;
$$;

create or replace function public.commit_morning_report(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_nothing constant jsonb := '{"summaries": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', v_run.report) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  return public.write_morning_report(v_run, p_commit, coalesce(p_now, clock_timestamp()));
end;
$$;
