-- is_run_needed took more than a millisecond for a run, so that a batch of 5,000 runs was cut off: it was planned
-- anew for every row, because remove_expired is, and its comparisons of pairs could not use the partial indexes.
-- It now takes a twentieth, and needs no index by status. It also keeps the run of the newest slot, by which it is
-- told whether a pipeline is late. To old code nothing changes: it asks nothing of this.

create or replace function public.is_run_needed(p_run public.pipeline_runs)
returns boolean
language sql
stable
security invoker
set search_path = ''
-- Asked for every row of a batch, so planned once.
set plan_cache_mode = 'force_generic_plan'
as $$
  select
    p_run.status = 'running'
    -- The last success, the last failure, the last attempt at all: what a stopped pipeline is known by.
    or not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and newer.status = p_run.status
      and (newer.started_at, newer.id) > (p_run.started_at, p_run.id)
    )
    -- The newest slot that was run, which is not the newest run when an older slot was delivered late.
    or p_run.trigger = 'schedule' and p_run.status in ('succeeded', 'partial') and not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and newer.trigger = 'schedule'
      and newer.status in ('succeeded', 'partial')
      and newer.slot > p_run.slot
    )
    -- How far has been covered, and which slots are left: the row that coverage() reads. Said twice, because only
    -- the first comparison lets the partial indexes be used.
    or p_run.snapshots_until is not null and not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and newer.snapshots_until >= p_run.snapshots_until
      and (newer.snapshots_until, newer.id) > (p_run.snapshots_until, p_run.id)
    )
    or p_run.safety_until is not null and not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and newer.safety_until >= p_run.safety_until
      and (newer.safety_until, newer.id) > (p_run.safety_until, p_run.id)
    )
    -- Deleting the run would change or remove these rows, which have a retention of their own or none.
    or exists (select 1 from public.live_snapshots as s where s.run_id = p_run.id)
    or exists (select 1 from public.rejected_records as r where r.run_id = p_run.id)
    or exists (select 1 from public.safety_events as e where e.run_id = p_run.id)
    or exists (select 1 from public.daily_summaries as d where d.run_id = p_run.id);
$$;

comment on function public.is_run_needed(public.pipeline_runs) is
  'Whether a run must stay whatever its age: it is running, the newest of its status, the one of the newest slot, '
  'holds a watermark, or rows refer to it.';

drop index public.pipeline_runs_status_idx;
