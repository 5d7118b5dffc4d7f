-- Brings back the report that speaks of a window even where there is none; no data is lost.

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
    'window', jsonb_build_object('start', p_run.window_start, 'until', p_run.window_until),
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
