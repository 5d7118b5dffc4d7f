-- Ending a run: one statement writes status, report and what is copied from it. Failing and completing need nothing
-- else; a pipeline that ends its run together with its data has a commit of its own, which ends it by finish_run.
-- New functions: old code is not touched.

-- Every run has a report in one shape, even one that was abandoned and never wrote its own.
-- A run without a window says null, not a window with neither end.
create function public.run_report(p_run public.pipeline_runs)
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

comment on function public.run_report(public.pipeline_runs) is
  'The RunReport of a run: the stored one, else one made from its columns.';

revoke all on function public.run_report(public.pipeline_runs) from public, anon, authenticated, service_role;
grant execute on function public.run_report(public.pipeline_runs) to service_role;

create function public.lock_run(p_fence uuid)
returns public.pipeline_runs
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs;
begin
  select run.* into v_run
  from public.pipeline_runs as run
  where run.fence = p_fence
  -- Not `for update`: a safety event that is being recorded refers to the run and must not wait for it.
  for no key update;
  if not found then
    raise exception 'unknown fence';
  end if;
  return v_run;
end;
$$;

comment on function public.lock_run(uuid) is
  'The run of a fence, locked, so that a commit and a take-over come one after the other.';

revoke all on function public.lock_run(uuid) from public, anon, authenticated, service_role;
grant execute on function public.lock_run(uuid) to service_role;

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

create function public.fail_run(p_fence uuid, p_failure jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.pipeline_runs := public.lock_run(p_fence);
  v_error constant jsonb := p_failure -> 'error';
begin
  if v_run.status = 'running' then
    return jsonb_build_object('answer', 'failed', 'report', public.finish_run(
      v_run.id,
      'failed',
      coalesce(p_failure -> 'report', '{}') || jsonb_build_object('error', v_error),
      coalesce(p_now, clock_timestamp())
    ));
  end if;

  if v_run.status <> 'abandoned' then
    return jsonb_build_object('answer', 'repeated', 'report', public.run_report(v_run));
  end if;

  -- Too late to end the run, but not to say why it was never heard of.
  update public.pipeline_runs as run
  set
    error_code = v_error ->> 'code',
    error_message = v_error ->> 'message',
    is_retryable = (v_error ->> 'is_retryable')::boolean
  where run.id = v_run.id
  and run.error_code is null;
  return jsonb_build_object('answer', 'fenced', 'report', null);
end;
$$;

comment on function public.fail_run(uuid, jsonb, timestamptz) is
  'Records that a run failed: failed, repeated (it had ended before) or fenced (it was abandoned).';

revoke all on function public.fail_run(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.fail_run(uuid, jsonb, timestamptz) to service_role;

-- The end of a pipeline that writes its data on the way, or none. It answers as a commit does.
create function public.complete_run(p_fence uuid, p_completion jsonb, p_now timestamptz default null)
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

comment on function public.complete_run(uuid, jsonb, timestamptz) is
  'Ends a run that has done its work: committed, repeated (it had ended) or fenced (it lost its lease or failed).';

revoke all on function public.complete_run(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.complete_run(uuid, jsonb, timestamptz) to service_role;
