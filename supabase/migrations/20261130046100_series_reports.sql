-- How good the series of a day and of a week were is kept as rows, for people and pages that ask later.
-- A new table and new functions: old code is not touched.

set lock_timeout = '2s';

create table public.series_reports (
  id bigint generated always as identity primary key,
  day date not null,
  period text not null check (period in ('day', 'week')),
  subject text not null check (btrim(subject) <> ''),
  kind text not null check (btrim(kind) <> ''),
  figures jsonb not null check (jsonb_typeof(figures) = 'object'),
  created_at timestamptz not null,
  constraint series_reports_once unique (day, period, subject, kind)
);

create index series_reports_created_idx on public.series_reports (created_at, id);

comment on table public.series_reports is 'How good the series of an area or a commodity were, by day and by week.';
comment on column public.series_reports.id is 'Key.';
comment on column public.series_reports.day is 'The last local day that it is about.';
comment on column public.series_reports.period is 'day, or week: the seven days that end with it.';
comment on column public.series_reports.subject is 'The area or the commodity.';
comment on column public.series_reports.kind is 'What the series are, such as load.';
comment on column public.series_reports.figures is
  'completeness, timeliness, accuracy (0 to 1), points, invalid, suspect, missing_minutes, findings, gaps, collections, '
  'success_rate, api_ms, degraded.';
comment on column public.series_reports.created_at is 'When it was made last (UTC).';

alter table public.series_reports enable row level security;

create policy members_read on public.series_reports
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

revoke all on table public.series_reports from public, anon, authenticated, service_role;
revoke all on sequence public.series_reports_id_seq from public, anon, authenticated, service_role;
grant select on table public.series_reports to authenticated;
grant select, insert, update, delete on table public.series_reports to service_role;

create function public.series_report_input(p_since date, p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
as $$
  select json_build_object(
    'quality', (
      select coalesce(json_agg(json_build_object(
        'series', known.key,
        'day', rated.day,
        'due_minutes', rated.due_minutes,
        'covered_minutes', rated.covered_minutes,
        'timely_minutes', rated.timely_minutes,
        'timeliness', rated.timeliness,
        'points', rated.points,
        'invalid', rated.invalid,
        'suspect', rated.suspect
      ) order by known.key, rated.day), '[]')
      from public.series_quality as rated
      join public.series as known on known.id = rated.series_id
      where rated.day >= p_since
    ),
    'gaps', (
      select coalesce(json_agg(json_build_object(
        'group', gap."group", 'state', gap.state, 'starts_at', gap.starts_at
      ) order by gap.id), '[]')
      from public.gaps as gap
      where gap.starts_at >= p_since
    )
  );
$$;

comment on function public.series_report_input(date, timestamptz) is
  'The scores of all series and their gaps since a day, for reports. p_now is ignored.';

create function public.keep_series_reports(p_fence uuid, p_reports jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_run public.pipeline_runs := public.lock_run(p_fence);
begin
  if v_run.status <> 'running' then
    return jsonb_build_object('answer', 'fenced');
  end if;

  insert into public.series_reports as known (day, period, subject, kind, figures, created_at)
  select distinct on (one.day, one.period, one.subject, one.kind)
    one.day, one.period, one.subject, one.kind, one.figures, v_now
  from jsonb_to_recordset(p_reports) as one (day date, period text, subject text, kind text, figures jsonb)
  order by one.day, one.period, one.subject, one.kind
  on conflict on constraint series_reports_once
  do update set figures = excluded.figures, created_at = excluded.created_at
  where known.figures is distinct from excluded.figures;
  return jsonb_build_object('answer', 'kept');
end;
$$;

comment on function public.keep_series_reports(uuid, jsonb, timestamptz) is
  'Writes the reports of days and weeks that a running run made: kept or fenced. p_now null = the clock.';

revoke all on function public.series_report_input(date, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.keep_series_reports(uuid, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.series_report_input(date, timestamptz) to service_role;
grant execute on function public.keep_series_reports(uuid, jsonb, timestamptz) to service_role;
