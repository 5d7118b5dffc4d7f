-- The state of every asset, a row per asset and slot. Growth is bounded by a time to live rather than by
-- partitions: a day of 10,000 assets is about a million rows, and a delete in batches by snapshot_timestamp
-- needs nothing but the index below. New table: old code is not touched.

create table public.live_snapshots (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete cascade,
  snapshot_timestamp timestamptz not null,
  window_start timestamptz not null,
  output_actual numeric not null check (output_actual >= 0 and output_actual < 'infinity'),
  slot_output numeric check (slot_output >= 0 and slot_output < 'infinity'),
  output_target numeric not null check (output_target >= 0 and output_target < 'infinity'),
  output_variance numeric generated always as (output_actual - output_target) stored,
  variance_percent numeric check (variance_percent >= -100 and variance_percent < 'infinity'),
  status text not null check (status in ('on_target', 'below_target', 'above_target')),
  oee_current numeric check (oee_current >= 0 and oee_current < 'infinity'),
  oee_source text check (oee_source in ('reported', 'computed')),
  downtime_minutes numeric not null default 0 check (downtime_minutes >= 0 and downtime_minutes < 'infinity'),
  good_count numeric check (good_count >= 0 and good_count < 'infinity'),
  reject_count numeric check (reject_count >= 0 and reject_count < 'infinity'),
  labor_headcount numeric check (labor_headcount >= 0 and labor_headcount < 'infinity'),
  is_catch_up boolean not null default false,
  is_time_ambiguous boolean not null default false,
  run_id bigint references public.pipeline_runs (id) on delete set null,
  constraint live_snapshots_asset_slot_key unique (asset_id, snapshot_timestamp),
  constraint live_snapshots_window_check check (window_start < snapshot_timestamp),
  constraint live_snapshots_oee_check check ((oee_current is null) = (oee_source is null))
);

-- Date ranges, the status filter within them, and the clean-up.
create index live_snapshots_timestamp_status_idx on public.live_snapshots (snapshot_timestamp, status);
create index live_snapshots_run_idx on public.live_snapshots (run_id);

comment on table public.live_snapshots is
  'Output, target, OEE and downtime of each asset over the window that ends at a slot. '
  'Time to live: rows older than the retention (24 h) are deleted in batches by snapshot_timestamp.';
comment on column public.live_snapshots.id is 'Key.';
comment on column public.live_snapshots.asset_id is 'The asset.';
comment on column public.live_snapshots.snapshot_timestamp is
  'The slot, or the moment of a manual poll (UTC); unique per asset.';
comment on column public.live_snapshots.window_start is 'Start of the rolling window, inclusive (UTC).';
comment on column public.live_snapshots.output_actual is
  'Units made in the rolling window; windows overlap, so never sum it over time.';
comment on column public.live_snapshots.slot_output is
  'Units made in the last interval alone: what may be summed over time; null for a manual poll.';
comment on column public.live_snapshots.output_target is
  'Units that the shift targets ask for in the window; 0 outside any shift.';
comment on column public.live_snapshots.output_variance is
  'output_actual - output_target (units), generated.';
comment on column public.live_snapshots.variance_percent is
  'Deviation from the target (percent of the target); null when the target is 0.';
comment on column public.live_snapshots.status is
  'on_target within the tolerance (5 percent), else below_target or above_target.';
comment on column public.live_snapshots.oee_current is
  'Overall equipment effectiveness (percent); null when unknown.';
comment on column public.live_snapshots.oee_source is
  'reported by the plant, or computed (ISO 22400); null when OEE is unknown.';
comment on column public.live_snapshots.downtime_minutes is
  'Downtime inside the window, overlaps counted once (minutes).';
comment on column public.live_snapshots.good_count is
  'Good units in the window; null when quality was not read.';
comment on column public.live_snapshots.reject_count is
  'Rejected units in the window; null when quality was not read.';
comment on column public.live_snapshots.labor_headcount is
  'People at the asset, the latest figure of the window; null when not read.';
comment on column public.live_snapshots.is_catch_up is
  'Whether the row was written for a missed slot by a later poll.';
comment on column public.live_snapshots.is_time_ambiguous is
  'Whether the window touches the repeated hour of the autumn clock change.';
comment on column public.live_snapshots.run_id is
  'The run that last changed the row; null once that run''s record is gone.';

alter table public.live_snapshots enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its snapshots.
create policy members_read on public.live_snapshots
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.live_snapshots from public, anon, authenticated, service_role;
revoke all on sequence public.live_snapshots_id_seq from public, anon, authenticated, service_role;
grant select on table public.live_snapshots to authenticated;
grant select, insert, update, delete on table public.live_snapshots to service_role;
