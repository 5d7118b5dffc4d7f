-- Brings back the slower function and its index; no data is lost.

create index pipeline_runs_status_idx on public.pipeline_runs (pipeline, plant, status, started_at desc);

create or replace function public.is_run_needed(p_run public.pipeline_runs)
returns boolean
language sql
stable
security invoker
set search_path = ''
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
    -- How far has been covered, and which slots are left: the row that coverage() reads.
    or p_run.snapshots_until is not null and not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and (newer.snapshots_until, newer.id) > (p_run.snapshots_until, p_run.id)
    )
    or p_run.safety_until is not null and not exists (
      select 1
      from public.pipeline_runs as newer
      where newer.pipeline = p_run.pipeline
      and newer.plant = p_run.plant
      and (newer.safety_until, newer.id) > (p_run.safety_until, p_run.id)
    )
    -- Deleting the run would change or remove these rows, which have a retention of their own or none.
    or exists (select 1 from public.live_snapshots as s where s.run_id = p_run.id)
    or exists (select 1 from public.rejected_records as r where r.run_id = p_run.id)
    or exists (select 1 from public.safety_events as e where e.run_id = p_run.id)
    or exists (select 1 from public.daily_summaries as d where d.run_id = p_run.id);
$$;

comment on function public.is_run_needed(public.pipeline_runs) is
  'Whether a run must stay whatever its age: it is running, the newest of its status, holds a watermark, or rows refer to it.';
