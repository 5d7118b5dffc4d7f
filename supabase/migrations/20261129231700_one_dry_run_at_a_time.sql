-- Nothing held dry runs apart: 40 at once made 40 connections to the plant's SQL Server. Now one of a pipeline and plant runs
-- at a time. Its lease has a table of its own, which claims of real runs never look at: a dry run delays no poll.
-- Dry runs of old code do not say when they end; the next one waits until their lease has run out. Nothing else changes.

create table public.dry_runs (
  pipeline text not null,
  plant text not null,
  fence uuid not null unique,
  started_at timestamptz not null,
  lease_expires_at timestamptz not null,
  primary key (pipeline, plant)
);

comment on table public.dry_runs is
  'The dry run of a pipeline and plant that is running, so that there is one at a time. Real runs do not look at it.';
comment on column public.dry_runs.pipeline is 'The pipeline, such as live_pulse.';
comment on column public.dry_runs.plant is 'Key of the plant in plantpulse.yaml, or what stands for all or none.';
comment on column public.dry_runs.fence is 'Token the caller made: only its holder may end the dry run.';
comment on column public.dry_runs.started_at is 'When the dry run was claimed (UTC).';
comment on column public.dry_runs.lease_expires_at is 'From when another dry run may take over (UTC).';

alter table public.dry_runs enable row level security;

-- The service alone needs to see it.
create policy nobody_reads on public.dry_runs
for select to authenticated
using (false);

revoke all on table public.dry_runs from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.dry_runs to service_role;

create function public.claim_dry_run(p_claim jsonb, p_now timestamptz)
returns json
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_run public.dry_runs;
  v_lease jsonb;
begin
  -- One that stood in the way may end before it is looked at: then the way is free, so try again.
  for v_try in 1..5 loop
    insert into public.dry_runs as kept (pipeline, plant, fence, started_at, lease_expires_at)
    select claim.pipeline, claim.plant, claim.fence, p_now, p_now + make_interval(secs => claim.lease_s)
    from jsonb_to_record(p_claim) as claim (pipeline text, plant text, fence uuid, lease_s double precision)
    on conflict (pipeline, plant) do update set
      fence = excluded.fence,
      started_at = excluded.started_at,
      lease_expires_at = excluded.lease_expires_at
    -- The same fence again is a claim that is repeated because its answer was lost.
    where kept.lease_expires_at <= excluded.started_at or kept.fence = excluded.fence;

    select run.* into v_run
    from public.dry_runs as run
    where run.pipeline = p_claim ->> 'pipeline' and run.plant = p_claim ->> 'plant';

    if found then
      v_lease := jsonb_build_object(
        'run_id', null, 'attempt', 0, 'started_at', v_run.started_at, 'lease_expires_at', v_run.lease_expires_at
      );
      if v_run.fence = (p_claim ->> 'fence')::uuid then
        return public.claimed_answer(p_claim, v_lease);
      end if;
      return json_build_object('answer', 'busy', 'run', v_lease);
    end if;
  end loop;

  raise exception 'dry runs of % in % end faster than this claim can look', p_claim ->> 'pipeline', p_claim ->> 'plant'
    using errcode = '40001';
end;
$$;

comment on function public.claim_dry_run(jsonb, timestamptz) is
  'Claims the one dry run of a pipeline and plant: claimed, or busy while the lease of another one lasts.';

revoke all on function public.claim_dry_run(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_dry_run(jsonb, timestamptz) to service_role;

create function public.end_dry_run(p_fence uuid, p_now timestamptz default null)
returns json
language plpgsql
security invoker
set search_path = ''
as $$
begin
  delete from public.dry_runs as run where run.fence = p_fence;
  return json_build_object('answer', case when found then 'ended' else 'repeated' end);
end;
$$;

comment on function public.end_dry_run(uuid, timestamptz) is
  'Ends a dry run, so that the next one need not wait for its lease; harmless to repeat. p_now is ignored.';

revoke all on function public.end_dry_run(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.end_dry_run(uuid, timestamptz) to service_role;

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
    return public.claim_dry_run(p_claim, v_now);
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
