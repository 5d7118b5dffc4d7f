-- Lets only members of all plants read the runs of pipelines that are of no plant.

set lock_timeout = '2s';

alter policy members_read on public.pipeline_runs
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

alter policy members_read on public.watched_pipelines
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

comment on column public.pipeline_runs.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.watched_pipelines.plant is 'Key of the plant in plantpulse.yaml.';
