-- A series of prices belongs to no plant, and neither do the runs that collect it. A member of one plant could not read
-- such runs: only members of all plants may read what is not their plant's. No old code writes such runs, so the old code
-- keeps working.

set lock_timeout = '2s';

-- Members of a plant read its runs, members of all plants read every run, and members of any plant read the runs of
-- pipelines whose data is no plant's. The keys are those of schedules/pipelines.py.
alter policy members_read on public.pipeline_runs
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
  or (
    plant = '(no plant)'
    and exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()))
  )
);

alter policy members_read on public.watched_pipelines
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
  or (
    plant = '(no plant)'
    and exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()))
  )
);

comment on column public.pipeline_runs.plant is
  'Key of the plant in plantpulse.yaml; (all plants) for a run over the data of every plant, (no plant) for one '
  'whose data is no plant''s.';
comment on column public.watched_pipelines.plant is
  'Key of the plant in plantpulse.yaml; (all plants) or (no plant) as in pipeline_runs.';
