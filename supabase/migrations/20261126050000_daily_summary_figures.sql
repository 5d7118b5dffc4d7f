-- A day of which no data came had to be written as zeros, which are lies, and of its downtime only one reason
-- fitted into a row. Figures may be null now, and the top reasons are a list. To old code nothing changes: none
-- has written this table.

alter table public.daily_summaries
  alter column actual_output drop not null,
  alter column downtime_minutes drop not null,
  alter column waste_count drop not null,
  add column planned_minutes numeric check (planned_minutes >= 0 and planned_minutes < 'infinity'),
  add column downtime_reasons jsonb not null default '[]'
    constraint daily_summaries_reasons_check check (jsonb_typeof(downtime_reasons) = 'array');

comment on column public.daily_summaries.report_date is
  'The production day reported on (plant-local date on which most of it falls); unique per asset.';
comment on column public.daily_summaries.oee_percentage is
  'Overall equipment effectiveness (percent), from sums of minutes and units; null when unknown.';
comment on column public.daily_summaries.actual_output is 'Units made; null when no data came from the plant.';
comment on column public.daily_summaries.target_output is
  'Units the shift targets asked for, prorated to the day; 0 outside any shift.';
comment on column public.daily_summaries.planned_minutes is
  'Shift time of the day without breaks (minutes); null when no shift target of the asset holds on it.';
comment on column public.daily_summaries.downtime_minutes is
  'Downtime inside the planned time, or in the whole day without a plan; overlaps counted once (minutes); null when '
  'no data came.';
comment on column public.daily_summaries.downtime_reasons is
  'The reasons with the most downtime, most first: a list of {"reason": text or null, "minutes": number}, at most '
  'five; null = no reason was given.';
comment on column public.daily_summaries.top_downtime_reason is
  'Reason code with the most downtime; null without downtime, or when none was given for it.';
comment on column public.daily_summaries.waste_count is
  'Scrapped units; null when no data came, or none about quality.';
comment on column public.daily_summaries.financial_loss is
  'Cost of downtime and scrap (US dollars); null when the asset has no cost center, or what it prices is unknown.';
comment on column public.daily_summaries.summary_text is 'The day in two sentences, made of the figures of the row.';
