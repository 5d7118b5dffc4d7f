-- Since when a pipeline is watched: what has never run is late only when it was due since then, which no run
-- can tell. The same holds for what was switched off and on again. New table: old code is not touched.

create table public.watched_pipelines (
  pipeline text not null check (btrim(pipeline) <> ''),
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  watched_since timestamptz not null,
  is_stopped boolean not null,
  primary key (pipeline, plant)
);

comment on table public.watched_pipelines is
  'One row per pipeline and plant that health was asked about: since when its runs are expected.';
comment on column public.watched_pipelines.pipeline is 'The pipeline, such as live_pulse.';
comment on column public.watched_pipelines.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.watched_pipelines.watched_since is
  'Since when its runs are expected (UTC): its first run, else the first look at it; anew when it is switched on again.';
comment on column public.watched_pipelines.is_stopped is
  'Whether it is switched off in plantpulse.yaml, as of the last look at it.';

alter table public.watched_pipelines enable row level security;

create policy members_read on public.watched_pipelines
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.watched_pipelines from public, anon, authenticated, service_role;
grant select on table public.watched_pipelines to authenticated;
grant select, insert, update, delete on table public.watched_pipelines to service_role;

create function public.watch_pipelines(p_pipelines jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  -- Only what is new or switched on or off is written: a look at a pipeline mostly writes nothing.
  insert into public.watched_pipelines as watched (pipeline, plant, watched_since, is_stopped)
  select
    asked.pipeline,
    asked.plant,
    coalesce((
      select run.started_at
      from public.pipeline_runs as run
      where run.pipeline = asked.pipeline and run.plant = asked.plant
      order by run.started_at
      limit 1
    ), p_now),
    asked.is_stopped
  from jsonb_to_recordset(p_pipelines) as asked (pipeline text, plant text, is_stopped boolean)
  left join public.watched_pipelines as known on known.pipeline = asked.pipeline and known.plant = asked.plant
  where known.pipeline is null
  or known.is_stopped is distinct from asked.is_stopped
  order by asked.pipeline, asked.plant
  on conflict (pipeline, plant) do update
  set
    watched_since = case when watched.is_stopped then p_now else watched.watched_since end,
    is_stopped = excluded.is_stopped
  where watched.is_stopped <> excluded.is_stopped;
$$;

comment on function public.watch_pipelines(jsonb, timestamptz) is
  'Notes since when each pipeline and plant of a list is watched, and which are switched off.';

revoke all on function public.watch_pipelines(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.watch_pipelines(jsonb, timestamptz) to service_role;
