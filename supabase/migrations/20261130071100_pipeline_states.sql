-- Whether a pipeline is late follows from its schedule, which stands in plantpulse.yaml and which only Python understands. A page can call no health
-- function, so health writes down at each scheduled call what it judged, and pages read it (decision 0122).
-- New table and function: the old code writes nothing, and pages say that nobody has judged.

set lock_timeout = '2s';

create table public.pipeline_states (
  pipeline text not null check (btrim(pipeline) <> ''),
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  state text not null check (state ~ '^[a-z_]{1,40}$'),
  is_data_behind boolean not null default false,
  due_at timestamptz,
  late_at timestamptz,
  next_at timestamptz,
  interval_minutes integer check (interval_minutes > 0),
  judged_at timestamptz not null,
  primary key (pipeline, plant)
)
with (fillfactor = 70);

comment on table public.pipeline_states is
  'How each pipeline stands, as health judged it at its newest look; the row of the pipeline health says when that was.';
comment on column public.pipeline_states.pipeline is 'The pipeline, such as live_pulse; health for the looks themselves.';
comment on column public.pipeline_states.plant is
  'Key of the plant in plantpulse.yaml; (all plants) or (no plant) as in pipeline_runs.';
comment on column public.pipeline_states.state is 'running, new, late, down, stopped, not_configured (docs/operations.md).';
comment on column public.pipeline_states.is_data_behind is 'Whether its runs succeed without data.';
comment on column public.pipeline_states.due_at is
  'The oldest slot without a success (UTC), which may be in the future; null for one that is switched off.';
comment on column public.pipeline_states.late_at is 'When it is late, if that slot has no success by then (UTC); null as due_at.';
comment on column public.pipeline_states.next_at is 'When it is called next (UTC); null as due_at.';
comment on column public.pipeline_states.interval_minutes is 'Time from that call to the one after it (minutes).';
comment on column public.pipeline_states.judged_at is
  'When the row was written last (UTC). One that says the same is written once an hour.';

alter table public.pipeline_states enable row level security;

create policy members_read on public.pipeline_states
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
  or plant = '(no plant)' and exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()))
);

revoke all on table public.pipeline_states from public, anon, authenticated, service_role;
grant select on table public.pipeline_states to authenticated;
grant select, insert, update, delete on table public.pipeline_states to service_role;

create function public.keep_pipeline_states(p_states jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '4s'
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_written integer;
begin
  insert into public.pipeline_states as known (
    pipeline, plant, state, is_data_behind, due_at, late_at, next_at, interval_minutes, judged_at
  )
  select
    told.pipeline, told.plant, told.state, told.is_data_behind, told.due_at, told.late_at, told.next_at,
    told.interval_minutes, v_now
  from (
    select one.* from jsonb_to_recordset(p_states) as one (
      pipeline text, plant text, state text, is_data_behind boolean, due_at timestamptz, late_at timestamptz,
      next_at timestamptz, interval_minutes integer
    )
    union all
    select 'health', '(no plant)', 'running', false, null, null, null, null
  ) as told
  -- The same order for everybody: two looks at once wait, but never for each other.
  order by told.plant, told.pipeline
  on conflict (pipeline, plant) do update
  set
    state = excluded.state,
    is_data_behind = excluded.is_data_behind,
    due_at = excluded.due_at,
    late_at = excluded.late_at,
    next_at = excluded.next_at,
    interval_minutes = excluded.interval_minutes,
    judged_at = excluded.judged_at
  -- A look that was slow brings nothing back.
  where known.judged_at < excluded.judged_at
  and (
    known.pipeline = 'health'
    or known.judged_at < excluded.judged_at - interval '1 hour'
    or (
      known.state, known.is_data_behind, known.due_at, known.late_at, known.next_at, known.interval_minutes
    ) is distinct from (
      excluded.state, excluded.is_data_behind, excluded.due_at, excluded.late_at, excluded.next_at,
      excluded.interval_minutes
    )
  );
  get diagnostics v_written = row_count;

  -- Nobody judges any more what was taken out of plantpulse.yaml.
  delete from public.pipeline_states as known
  where known.judged_at < v_now - interval '1 day';
  return jsonb_build_object('written', v_written);
end;
$$;

comment on function public.keep_pipeline_states(jsonb, timestamptz) is
  'Writes how the pipelines of a list stand, as health judged it, and that it looked; removes what nobody has judged for a day.';

revoke all on function public.keep_pipeline_states(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.keep_pipeline_states(jsonb, timestamptz) to service_role;
