-- The old table cannot say that something is not known: days of which no data came are taken out, and unknown
-- scrap becomes 0. Reporting the days again brings them back.

delete from public.daily_summaries as s
where s.actual_output is null;

update public.daily_summaries as s
set waste_count = 0
where s.waste_count is null;

alter table public.daily_summaries
  alter column actual_output set not null,
  alter column downtime_minutes set not null,
  alter column waste_count set not null,
  drop column planned_minutes,
  drop column downtime_reasons;

comment on column public.daily_summaries.report_date is
  'The day reported on (plant-local date); unique per asset.';
comment on column public.daily_summaries.oee_percentage is
  'Overall equipment effectiveness (percent); null when unknown.';
comment on column public.daily_summaries.actual_output is 'Units made.';
comment on column public.daily_summaries.target_output is 'Units the shift targets asked for.';
comment on column public.daily_summaries.downtime_minutes is 'Downtime, overlaps counted once (minutes).';
comment on column public.daily_summaries.top_downtime_reason is
  'Reason code with the most downtime; null without downtime.';
comment on column public.daily_summaries.waste_count is 'Scrapped units.';
comment on column public.daily_summaries.financial_loss is
  'Cost of downtime and scrap (US dollars); null when the asset has no cost center.';
comment on column public.daily_summaries.summary_text is 'The day in a few sentences.';
