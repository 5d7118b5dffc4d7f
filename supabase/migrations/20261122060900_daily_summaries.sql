-- A day of an asset in one row, written by the Morning Report. Kept for good, so that deleting an asset is
-- refused while it has any. New table: old code is not touched.

create table public.daily_summaries (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete restrict,
  report_date date not null,
  oee_percentage numeric check (oee_percentage >= 0 and oee_percentage < 'infinity'),
  availability_percentage numeric check (availability_percentage >= 0 and availability_percentage < 'infinity'),
  performance_percentage numeric check (performance_percentage >= 0 and performance_percentage < 'infinity'),
  quality_percentage numeric check (quality_percentage >= 0 and quality_percentage < 'infinity'),
  actual_output numeric not null check (actual_output >= 0 and actual_output < 'infinity'),
  target_output numeric not null check (target_output >= 0 and target_output < 'infinity'),
  downtime_minutes numeric not null check (downtime_minutes >= 0 and downtime_minutes < 'infinity'),
  waste_count numeric not null check (waste_count >= 0 and waste_count < 'infinity'),
  financial_loss numeric check (financial_loss >= 0 and financial_loss < 'infinity'),
  top_downtime_reason text,
  summary_text text not null default '',
  run_id bigint references public.pipeline_runs (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint daily_summaries_asset_date_key unique (asset_id, report_date)
);

create index daily_summaries_date_idx on public.daily_summaries (report_date);
create index daily_summaries_run_idx on public.daily_summaries (run_id);

comment on table public.daily_summaries is
  'One row per asset and report date: the day''s production, losses and their cost.';
comment on column public.daily_summaries.id is 'Key.';
comment on column public.daily_summaries.asset_id is 'The asset.';
comment on column public.daily_summaries.report_date is
  'The day reported on (plant-local date); unique per asset.';
comment on column public.daily_summaries.oee_percentage is
  'Overall equipment effectiveness (percent); null when unknown.';
comment on column public.daily_summaries.availability_percentage is
  'Availability (percent); null when unknown.';
comment on column public.daily_summaries.performance_percentage is
  'Performance (percent); null when unknown.';
comment on column public.daily_summaries.quality_percentage is 'Quality (percent); null when unknown.';
comment on column public.daily_summaries.actual_output is 'Units made.';
comment on column public.daily_summaries.target_output is 'Units the shift targets asked for.';
comment on column public.daily_summaries.downtime_minutes is 'Downtime, overlaps counted once (minutes).';
comment on column public.daily_summaries.waste_count is 'Scrapped units.';
comment on column public.daily_summaries.financial_loss is
  'Cost of downtime and scrap (US dollars); null when the asset has no cost center.';
comment on column public.daily_summaries.top_downtime_reason is
  'Reason code with the most downtime; null without downtime.';
comment on column public.daily_summaries.summary_text is 'The day in a few sentences.';
comment on column public.daily_summaries.run_id is
  'The run that last wrote the row; null once that run''s record is gone.';
comment on column public.daily_summaries.created_at is 'When the row was first written (UTC).';
comment on column public.daily_summaries.updated_at is 'When the row was last written (UTC).';

alter table public.daily_summaries enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its summaries.
create policy members_read on public.daily_summaries
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.daily_summaries from public, anon, authenticated, service_role;
revoke all on sequence public.daily_summaries_id_seq from public, anon, authenticated, service_role;
grant select on table public.daily_summaries to authenticated;
grant select, insert, update, delete on table public.daily_summaries to service_role;
