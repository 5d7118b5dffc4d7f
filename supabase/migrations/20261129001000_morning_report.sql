-- The Morning Report: a day of an asset in one row, and the end of a report in one transaction. Summaries, rejected
-- rows, new names and the run's own record stand together or not at all. Summaries are kept for good, so that deleting
-- an asset is refused while it has any. New table and functions: old code is not touched.

-- A day of which no data came has null for figures: zeros would be lies. The reasons of its downtime are a list: one
-- reason rarely says it all.
create table public.daily_summaries (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete restrict,
  report_date date not null,
  oee_percentage numeric check (oee_percentage >= 0 and oee_percentage < 'infinity'),
  availability_percentage numeric check (availability_percentage >= 0 and availability_percentage < 'infinity'),
  performance_percentage numeric check (performance_percentage >= 0 and performance_percentage < 'infinity'),
  quality_percentage numeric check (quality_percentage >= 0 and quality_percentage < 'infinity'),
  actual_output numeric check (actual_output >= 0 and actual_output < 'infinity'),
  target_output numeric not null check (target_output >= 0 and target_output < 'infinity'),
  downtime_minutes numeric check (downtime_minutes >= 0 and downtime_minutes < 'infinity'),
  waste_count numeric check (waste_count >= 0 and waste_count < 'infinity'),
  financial_loss numeric check (financial_loss >= 0 and financial_loss < 'infinity'),
  top_downtime_reason text,
  summary_text text not null default '',
  run_id bigint references public.pipeline_runs (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  planned_minutes numeric check (planned_minutes >= 0 and planned_minutes < 'infinity'),
  downtime_reasons jsonb not null default '[]'
    constraint daily_summaries_reasons_check check (jsonb_typeof(downtime_reasons) = 'array'),
  constraint daily_summaries_asset_date_key unique (asset_id, report_date)
);

create index daily_summaries_date_idx on public.daily_summaries (report_date);

create index daily_summaries_run_idx on public.daily_summaries (run_id);

comment on table public.daily_summaries is
  'One row per asset and report date: the day''s production, losses and their cost.';
comment on column public.daily_summaries.id is 'Key.';
comment on column public.daily_summaries.asset_id is 'The asset.';
comment on column public.daily_summaries.report_date is
  'The production day reported on (plant-local date on which most of it falls); unique per asset.';
comment on column public.daily_summaries.oee_percentage is
  'Overall equipment effectiveness (percent), from sums of minutes and units; null when unknown.';
comment on column public.daily_summaries.availability_percentage is
  'Availability (percent); null when unknown.';
comment on column public.daily_summaries.performance_percentage is
  'Performance (percent); null when unknown.';
comment on column public.daily_summaries.quality_percentage is 'Quality (percent); null when unknown.';
comment on column public.daily_summaries.actual_output is 'Units made; null when no data came from the plant.';
comment on column public.daily_summaries.target_output is
  'Units the shift targets asked for, prorated to the day; 0 outside any shift.';
comment on column public.daily_summaries.downtime_minutes is
  'Downtime inside the planned time, or in the whole day without a plan; overlaps counted once (minutes); null when '
  'no data came.';
comment on column public.daily_summaries.waste_count is
  'Scrapped units; null when no data came, or none about quality.';
comment on column public.daily_summaries.financial_loss is
  'Cost of downtime and scrap (US dollars); null when the asset has no cost center, or what it prices is unknown.';
comment on column public.daily_summaries.top_downtime_reason is
  'Reason code with the most downtime; null without downtime, or when none was given for it.';
comment on column public.daily_summaries.summary_text is 'The day in two sentences, made of the figures of the row.';
comment on column public.daily_summaries.run_id is
  'The run that last wrote the row; null once that run''s record is gone.';
comment on column public.daily_summaries.created_at is 'When the row was first written (UTC).';
comment on column public.daily_summaries.updated_at is 'When the row was last written (UTC).';
comment on column public.daily_summaries.planned_minutes is
  'Shift time of the day without breaks (minutes); null when no shift target of the asset holds on it.';
comment on column public.daily_summaries.downtime_reasons is
  'The reasons with the most downtime, most first: a list of {"reason": text or null, "minutes": number}, at most '
  'five; null = no reason was given.';

alter table public.daily_summaries enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its summaries.
create policy members_read on public.daily_summaries
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.daily_summaries from public, anon, authenticated, service_role;
revoke all on sequence public.daily_summaries_id_seq from public, anon, authenticated, service_role;
grant select on table public.daily_summaries to authenticated;
grant select, insert, update, delete on table public.daily_summaries to service_role;

create function public.plant_report_dates(p_plant text, p_since date)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(distinct dated.report_date), '[]')
  from public.assets as a
  -- Asset by asset, because the index on both is at hand, and summaries are kept for good.
  cross join lateral (
    select s.report_date
    from public.daily_summaries as s
    where s.asset_id = a.id
    and s.report_date >= p_since
    union all
    select max(earlier.report_date)
    from public.daily_summaries as earlier
    where earlier.asset_id = a.id
    and earlier.report_date < p_since
  ) as dated
  where a.plant = p_plant
  and dated.report_date is not null;
$$;

comment on function public.plant_report_dates(text, date) is
  'The dates from p_since on that have a daily summary of a plant, and each asset''s last one before: a JSON list.';

revoke all on function public.plant_report_dates(text, date) from public, anon, authenticated, service_role;
grant execute on function public.plant_report_dates(text, date) to service_role;

create function public.upsert_summaries(p_run public.pipeline_runs, p_days jsonb, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
as $$
  with incoming as (
    -- One row an asset and day: ON CONFLICT cannot touch a row twice. The last one of the list counts.
    select distinct on (summary.asset_id, day.report_date) day.report_date, summary.*
    from rows from (jsonb_to_recordset(p_days) as (
      report_date date, summaries jsonb
    )) with ordinality as day (report_date, summaries, day_position)
    cross join lateral rows from (jsonb_to_recordset(day.summaries) as (
      asset_id bigint, oee_percentage numeric, availability_percentage numeric, performance_percentage numeric,
      quality_percentage numeric, actual_output numeric, target_output numeric, planned_minutes numeric,
      downtime_minutes numeric, downtime_reasons jsonb, top_downtime_reason text, waste_count numeric,
      financial_loss numeric, summary_text text
    )) with ordinality as summary (
      asset_id, oee_percentage, availability_percentage, performance_percentage,
      quality_percentage, actual_output, target_output, planned_minutes,
      downtime_minutes, downtime_reasons, top_downtime_reason, waste_count,
      financial_loss, summary_text, position
    )
    order by summary.asset_id, day.report_date, day.day_position desc, summary.position desc
  ),
  known as (
    -- An asset that was deleted while the report ran is left out: it must not take the others with it.
    select i.*, a.plant = p_run.plant as is_ours
    from incoming as i
    left join public.assets as a on a.id = i.asset_id
    where a.id is not null or i.asset_id is null
  ),
  kept as (
    insert into public.daily_summaries as summary (
      asset_id, report_date, oee_percentage, availability_percentage, performance_percentage, quality_percentage,
      actual_output, target_output, planned_minutes, downtime_minutes, downtime_reasons, top_downtime_reason,
      waste_count, financial_loss, summary_text, run_id, created_at, updated_at
    )
    select
      -- An asset of another plant becomes null here, which the table refuses.
      case when k.is_ours then k.asset_id end,
      k.report_date, k.oee_percentage, k.availability_percentage, k.performance_percentage, k.quality_percentage,
      k.actual_output, k.target_output, k.planned_minutes, k.downtime_minutes, coalesce(k.downtime_reasons, '[]'),
      k.top_downtime_reason, k.waste_count, k.financial_loss, k.summary_text, p_run.id, p_now, p_now
    from known as k
    order by k.asset_id, k.report_date
    on conflict (asset_id, report_date) do update
    set
      oee_percentage = excluded.oee_percentage,
      availability_percentage = excluded.availability_percentage,
      performance_percentage = excluded.performance_percentage,
      quality_percentage = excluded.quality_percentage,
      actual_output = excluded.actual_output,
      target_output = excluded.target_output,
      planned_minutes = excluded.planned_minutes,
      downtime_minutes = excluded.downtime_minutes,
      downtime_reasons = excluded.downtime_reasons,
      top_downtime_reason = excluded.top_downtime_reason,
      waste_count = excluded.waste_count,
      financial_loss = excluded.financial_loss,
      summary_text = excluded.summary_text,
      run_id = excluded.run_id,
      updated_at = excluded.updated_at
    where (
      summary.oee_percentage, summary.availability_percentage, summary.performance_percentage,
      summary.quality_percentage, summary.actual_output, summary.target_output, summary.planned_minutes,
      summary.downtime_minutes, summary.downtime_reasons, summary.top_downtime_reason, summary.waste_count,
      summary.financial_loss, summary.summary_text
    ) is distinct from (
      excluded.oee_percentage, excluded.availability_percentage, excluded.performance_percentage,
      excluded.quality_percentage, excluded.actual_output, excluded.target_output, excluded.planned_minutes,
      excluded.downtime_minutes, excluded.downtime_reasons, excluded.top_downtime_reason, excluded.waste_count,
      excluded.financial_loss, excluded.summary_text
    )
    -- What is not known any more, because the source has let go of it, does not replace what was.
    and (excluded.actual_output is not null or summary.actual_output is null)
    and (excluded.waste_count is not null or summary.waste_count is null)
    -- A row this statement inserted has no xmax; one it updated carries the lock it took.
    returning (summary.xmax = 0) as is_new
  )
  select jsonb_build_object(
    'written', count(*) filter (where kept.is_new),
    'updated', count(*) filter (where not kept.is_new),
    'unchanged', (select count(*) from known) - count(*)
  )
  from kept;
$$;

comment on function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz) is
  'Writes daily summaries: new rows inserted, changed rows updated, equal rows and those that were known better left '
  'alone; returns the counts.';

revoke all on function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz) to service_role;

create function public.write_morning_report(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_counts constant jsonb := coalesce(p_commit -> 'report' -> 'counts', '{}');
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_summaries constant jsonb := public.upsert_summaries(p_run, p_commit -> 'days', p_now);
  v_report jsonb;
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);

  if coalesce((p_commit ->> 'is_final')::boolean, true) then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object('counts', v_counts || (
        select jsonb_object_agg(
          'summaries_' || part.key,
          part.value::bigint + coalesce((v_counts ->> ('summaries_' || part.key))::bigint, 0)
        )
        from jsonb_each_text(v_summaries) as part
      )),
      p_now
    );
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'summaries', v_summaries,
    'assets_registered', v_registered
  );
end;
$$;

comment on function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz) is
  'Writes one commit of a morning report and, unless is_final is false, ends its run; only commit_morning_report '
  'calls it, holding the run''s lock.';

revoke all on function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz) to service_role;

create function public.commit_morning_report(p_fence uuid, p_commit jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_nothing constant jsonb := '{"summaries": {"written": 0, "updated": 0, "unchanged": 0}, "assets_registered": 0}';
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if p_commit ->> 'status' is null or p_commit ->> 'status' not in ('succeeded', 'partial') then
    raise exception 'a commit is succeeded or partial, not %', p_commit -> 'status' using errcode = '22023';
  end if;

  if v_run.status in ('succeeded', 'partial') then
    return jsonb_build_object('answer', 'repeated', 'report', v_run.report) || v_nothing;
  end if;

  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced', 'report', null) || v_nothing;
  end if;

  return public.write_morning_report(v_run, p_commit, coalesce(p_now, clock_timestamp()));
end;
$$;

comment on function public.commit_morning_report(uuid, jsonb, timestamptz) is
  'Commits a morning report, or with is_final false a part of one, in one transaction: committed, repeated (it had '
  'ended) or fenced (it lost its lease or failed).';

revoke all on function public.commit_morning_report(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.commit_morning_report(uuid, jsonb, timestamptz) to service_role;
