-- Only a poll could end its run well, because commit_live_pulse writes its data and its end in one. A pipeline
-- whose data is written on the way, or that writes none, ends its run here, with the same answers.
-- New function: old code is not touched.

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
