-- State of the pipelines: one row per attempt at a (pipeline, plant, slot). Functions keep nothing between
-- invocations and schedulers deliver at least once, so the partial unique indexes below, not any code,
-- decide who may run. New table: old code is not touched.

create table public.pipeline_runs (
  id bigint generated always as identity primary key,
  pipeline text not null check (btrim(pipeline) <> ''),
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  trigger text not null check (trigger in ('schedule', 'manual')),
  slot timestamptz,
  attempt integer not null default 1 check (attempt >= 1),
  status text not null default 'running'
    check (status in ('running', 'succeeded', 'partial', 'failed', 'abandoned')),
  fence uuid not null unique,
  idempotency_key text check (idempotency_key <> '' and length(idempotency_key) <= 200),
  requested_by text,
  started_at timestamptz not null,
  lease_expires_at timestamptz not null,
  finished_at timestamptz,
  window_start timestamptz,
  window_until timestamptz,
  snapshots_until timestamptz,
  safety_until timestamptz,
  counts jsonb not null default '{}' check (jsonb_typeof(counts) = 'object'),
  timings_ms jsonb not null default '{}' check (jsonb_typeof(timings_ms) = 'object'),
  is_cold_start boolean,
  error_code text,
  error_message text,
  is_retryable boolean,
  report jsonb check (jsonb_typeof(report) = 'object'),
  code_version text,
  catch_up_from timestamptz,
  catch_up_until timestamptz,
  constraint pipeline_runs_slot_check check (trigger <> 'schedule' or slot is not null),
  constraint pipeline_runs_window_check check (window_start < window_until),
  constraint pipeline_runs_lease_check check (lease_expires_at > started_at),
  constraint pipeline_runs_catch_up_check check (
    (catch_up_from is null) = (catch_up_until is null) and catch_up_from <= catch_up_until
  ),
  constraint pipeline_runs_finite_check check (
    isfinite(slot) and isfinite(window_start) and isfinite(window_until)
    and isfinite(lease_expires_at) and isfinite(snapshots_until) and isfinite(safety_until)
    and isfinite(catch_up_from) and isfinite(catch_up_until)
  ),
  constraint pipeline_runs_finished_check check ((status = 'running') = (finished_at is null)),
  constraint pipeline_runs_error_check check (
    status <> 'failed'
    or (error_code is not null and error_message is not null and is_retryable is not null)
  )
);

-- One run at a time.
create unique index pipeline_runs_one_running_idx on public.pipeline_runs (pipeline, plant)
where status = 'running';

-- A slot is run once: a redelivery that looked before the first commit and inserts after it is refused here.
-- A permanent failure holds the slot too: a wrong password tried again and again locks the login.
create unique index pipeline_runs_one_per_slot_idx on public.pipeline_runs (pipeline, plant, slot)
where slot is not null
and (status in ('running', 'succeeded', 'partial') or (status = 'failed' and not is_retryable));

create unique index pipeline_runs_attempt_idx on public.pipeline_runs (pipeline, plant, slot, attempt)
where slot is not null;

create unique index pipeline_runs_idempotency_key_idx on public.pipeline_runs (pipeline, plant, idempotency_key)
where idempotency_key is not null and status in ('running', 'succeeded', 'partial');

create index pipeline_runs_last_manual_idx on public.pipeline_runs (pipeline, plant, finished_at desc)
where trigger = 'manual';

create index pipeline_runs_snapshots_until_idx on public.pipeline_runs (pipeline, plant, snapshots_until)
where snapshots_until is not null;

create index pipeline_runs_safety_until_idx on public.pipeline_runs (pipeline, plant, safety_until)
where safety_until is not null;

-- The oldest runs first, for the clean-up.
create index pipeline_runs_started_idx on public.pipeline_runs (started_at, id);

-- For health: it carries what is counted, so that a day of runs is counted without reading them.
create index pipeline_runs_history_idx on public.pipeline_runs (pipeline, plant, started_at desc)
include (status, finished_at);

create index pipeline_runs_last_success_idx on public.pipeline_runs (pipeline, plant, started_at desc)
where status in ('succeeded', 'partial');

-- By slot and not by time: an old slot that is delivered late must not hide a newer one.
create index pipeline_runs_last_slot_idx on public.pipeline_runs (pipeline, plant, slot desc)
where trigger = 'schedule' and status in ('succeeded', 'partial');

comment on table public.pipeline_runs is
  'One row per attempt of a pipeline at a slot: who runs, what ran, what it covered, why it failed.';
comment on column public.pipeline_runs.id is 'Key.';
comment on column public.pipeline_runs.pipeline is 'The pipeline, such as live_pulse.';
comment on column public.pipeline_runs.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.pipeline_runs.trigger is 'schedule = the scheduler sent it, manual = a person did.';
comment on column public.pipeline_runs.slot is
  'The scheduled time the run is for (UTC); null for a manual run.';
comment on column public.pipeline_runs.attempt is 'Which attempt at the slot this is, from 1.';
comment on column public.pipeline_runs.status is
  'running; succeeded; partial (finished with gaps, see the report); failed; abandoned (its lease was taken over).';
comment on column public.pipeline_runs.fence is
  'Token the caller made: only its holder may commit or fail the run.';
comment on column public.pipeline_runs.idempotency_key is
  'Key a manual caller sent to make repeating harmless; null without.';
comment on column public.pipeline_runs.requested_by is
  'Who asked for a manual run; null for a scheduled one.';
comment on column public.pipeline_runs.started_at is 'When the run was claimed (UTC).';
comment on column public.pipeline_runs.lease_expires_at is 'From when another claim may take over (UTC).';
comment on column public.pipeline_runs.finished_at is
  'When it committed, failed or was abandoned (UTC); null while running.';
comment on column public.pipeline_runs.window_start is
  'Start of the span it reads, inclusive (UTC); null for a pipeline without one.';
comment on column public.pipeline_runs.window_until is
  'End of the span it reads, exclusive (UTC); null for a pipeline without one.';
comment on column public.pipeline_runs.snapshots_until is
  'Up to which slot this run advanced the snapshots (UTC); null when it did not.';
comment on column public.pipeline_runs.safety_until is
  'Up to when this run read safety events without a gap (UTC); null when it did not.';
comment on column public.pipeline_runs.counts is 'What was read, rejected and written (rows), by name.';
comment on column public.pipeline_runs.timings_ms is 'How long each step took (milliseconds), by name.';
comment on column public.pipeline_runs.is_cold_start is
  'Whether the process was new; null when not reported.';
comment on column public.pipeline_runs.error_code is
  'Code of the error that ended the run (docs/operations.md); null without one.';
comment on column public.pipeline_runs.error_message is
  'What failed, on what, and what to do; null without an error.';
comment on column public.pipeline_runs.is_retryable is
  'Whether trying the slot again may help; null without an error.';
comment on column public.pipeline_runs.report is
  'The RunReport as the caller got it; null while running and when abandoned.';
comment on column public.pipeline_runs.code_version is 'Version of plantpulse that ran.';
comment on column public.pipeline_runs.catch_up_from is
  'Oldest slot that was missed and is still to be written (UTC); null when none is.';
comment on column public.pipeline_runs.catch_up_until is
  'Newest slot that was missed and is still to be written (UTC); null when none is.';

alter table public.pipeline_runs enable row level security;

create policy members_read on public.pipeline_runs
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.pipeline_runs from public, anon, authenticated, service_role;
revoke all on sequence public.pipeline_runs_id_seq from public, anon, authenticated, service_role;
grant select on table public.pipeline_runs to authenticated;
grant select, insert, update, delete on table public.pipeline_runs to service_role;
