-- Lets any number of dry runs run at once again.

set lock_timeout = '2s';

create or replace function public.claim_run(p_claim jsonb, p_now timestamptz default null)
returns json
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs;
begin
  if (p_claim ->> 'is_dry_run')::boolean then
    return public.claimed_answer(p_claim, jsonb_build_object(
      'run_id', null, 'attempt', 0, 'started_at', v_now, 'lease_expires_at', null
    ));
  end if;

  perform public.abandon_expired_run(p_claim ->> 'pipeline', p_claim ->> 'plant', v_now);

  -- A run that stood in the way may end before it is looked at: then the way is free, so try again.
  for v_try in 1..5 loop
    v_run := public.recent_manual_run(p_claim, v_now);
    if v_run.id is null then
      v_run := public.insert_run(p_claim, v_now);
    end if;
    if v_run.id is null then
      v_run := public.run_in_the_way(p_claim);
    end if;
    if v_run.id is not null then
      return public.claim_answer(p_claim, v_run);
    end if;
  end loop;

  raise exception 'runs of % in % end faster than this claim can look', p_claim ->> 'pipeline', p_claim ->> 'plant'
    using errcode = '40001';
end;
$$;

drop function public.end_dry_run(uuid, timestamptz);

drop function public.claim_dry_run(jsonb, timestamptz);

drop table public.dry_runs;
