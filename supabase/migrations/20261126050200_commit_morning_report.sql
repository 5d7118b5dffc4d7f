-- The end of a morning report in one transaction, as a poll's: summaries, rejected rows, new names and the run's
-- own record stand together or not at all. New functions: old code is not touched.

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

revoke all on function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.commit_morning_report(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.upsert_summaries(public.pipeline_runs, jsonb, timestamptz) to service_role;
grant execute on function public.write_morning_report(public.pipeline_runs, jsonb, timestamptz) to service_role;
grant execute on function public.commit_morning_report(uuid, jsonb, timestamptz) to service_role;
