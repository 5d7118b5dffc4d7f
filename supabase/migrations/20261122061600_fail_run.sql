-- Ending a run: one statement writes status, report and what is copied from it. Failing is the simplest end.
-- New functions: old code is not touched.

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
  for update;
  if not found then
    raise exception 'unknown fence';
  end if;
  return v_run;
end;
$$;

comment on function public.lock_run(uuid) is
  'The run of a fence, locked, so that a commit and a take-over come one after the other.';

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

revoke all on function public.lock_run(uuid) from public, anon, authenticated, service_role;
revoke all on function public.finish_run(bigint, text, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.fail_run(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.lock_run(uuid) to service_role;
grant execute on function public.finish_run(bigint, text, jsonb, timestamptz) to service_role;
grant execute on function public.fail_run(uuid, jsonb, timestamptz) to service_role;
