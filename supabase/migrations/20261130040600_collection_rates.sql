-- How often publishers answer, and what is usual at an hour, had to be counted by hand. New functions: old code is not
-- touched.

set lock_timeout = '2s';

create function public.collection_rates(
  p_from timestamptz,
  p_until timestamptz,
  p_by text[] default array['source', 'kind', 'subject'],
  p_every text default null,
  p_now timestamptz default null
)
returns json
language plpgsql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
begin
  if (p_by <@ array['pipeline', 'source', 'kind', 'subject']) is not true then
    raise exception 'p_by may name pipeline, source, kind and subject, not %', p_by using errcode = '22023';
  end if;
  if p_every not in ('hour', 'day', 'week', 'month') then
    raise exception 'p_every must be hour, day, week or month, not %', p_every using errcode = '22023';
  end if;

  return (
    select json_build_object('rates', coalesce(
      json_agg(rate.content order by rate.at, rate.pipeline, rate.source, rate.kind, rate.subject), '[]'
    ))
    from (
      select
        asked.at, asked.pipeline, asked.source, asked.kind, asked.subject,
        json_build_object(
          'at', asked.at,
          'pipeline', asked.pipeline,
          'source', asked.source,
          'kind', asked.kind,
          'subject', asked.subject,
          'collections', count(*),
          'succeeded', count(*) filter (where asked.status = 'succeeded'),
          'empty', count(*) filter (where asked.status = 'empty'),
          'failed', count(*) filter (where asked.status = 'failed'),
          'skipped', count(*) filter (where asked.status = 'skipped'),
          -- What was not asked says nothing of the publisher. That it has no data is an answer.
          'success_rate', round(
            count(*) filter (where asked.status in ('succeeded', 'empty'))::numeric
            / nullif(count(*) filter (where asked.status <> 'skipped'), 0),
            6
          ),
          'points_read', sum(asked.points_read),
          'points_new', sum(asked.points_new),
          'points_revised', sum(asked.points_revised),
          'requests', sum(asked.requests),
          'bytes', sum(asked.bytes),
          'api_ms_median', percentile_cont(0.5) within group (order by asked.api_ms),
          'api_ms_p95', percentile_cont(0.95) within group (order by asked.api_ms),
          'processing_ms_median', percentile_cont(0.5) within group (order by asked.processing_ms)
        ) as content
      from (
        select
          case when p_every is not null then date_trunc(p_every, one.started_at, 'UTC') end as at,
          case when 'pipeline' = any (p_by) then one.pipeline end as pipeline,
          case when 'source' = any (p_by) then one.source end as source,
          case when 'kind' = any (p_by) then one.kind end as kind,
          case when 'subject' = any (p_by) then one.subject end as subject,
          one.status, one.points_read, one.points_new, one.points_revised, one.requests, one.bytes, one.api_ms,
          one.processing_ms
        from public.collections as one
        where one.started_at >= p_from and one.started_at < p_until
      ) as asked
      group by asked.at, asked.pipeline, asked.source, asked.kind, asked.subject
    ) as rate
  );
end;
$$;

comment on function public.collection_rates(timestamptz, timestamptz, text[], text, timestamptz) is
  'How the questions to publishers between two times went, by pipeline, source, kind or subject, and by hour, day, week or '
  'month (UTC) if p_every names one. p_now is ignored.';

create function public.collection_history(
  p_asks jsonb, p_at timestamptz, p_weeks integer default 8, p_now timestamptz default null
)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
  select json_build_object('history', coalesce(
    json_agg(
      json_build_object(
        'pipeline', ask.pipeline,
        'source', ask.source,
        'kind', ask.kind,
        'subject', ask.subject,
        'started_at', past.started_at,
        'points_read', past.points_read,
        'api_ms', past.api_ms
      )
      order by ask.position
    ),
    '[]'
  ))
  from rows from (jsonb_to_recordset(p_asks) as (pipeline text, source text, kind text, subject text))
    with ordinality as ask (pipeline, source, kind, subject, position)
  cross join lateral (
    select
      coalesce(json_agg(one.started_at order by one.started_at), '[]') as started_at,
      coalesce(json_agg(one.points_read order by one.started_at), '[]') as points_read,
      coalesce(json_agg(one.api_ms order by one.started_at), '[]') as api_ms
    from generate_series(1, least(p_weeks, 60)) as week
    cross join lateral (
      select known.started_at, known.points_read, known.api_ms
      from public.collections as known
      where known.source = ask.source
      and known.kind = ask.kind
      and known.subject = ask.subject
      and known.started_at >= date_trunc('hour', p_at, 'UTC') - make_interval(days => 7 * week)
      and known.started_at < date_trunc('hour', p_at, 'UTC') - make_interval(days => 7 * week, hours => -1)
      and (ask.pipeline is null or known.pipeline = ask.pipeline)
      and known.status in ('succeeded', 'empty')
    ) as one
  ) as past;
$$;

comment on function public.collection_history(jsonb, timestamptz, integer, timestamptz) is
  'What questions to publishers brought, and how long they took, in the same hour of the same weekday (UTC) of the weeks '
  'before a time, oldest first. p_now is ignored.';

revoke all on function public.collection_rates(timestamptz, timestamptz, text[], text, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.collection_history(jsonb, timestamptz, integer, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.collection_rates(timestamptz, timestamptz, text[], text, timestamptz) to service_role;
grant execute on function public.collection_history(jsonb, timestamptz, integer, timestamptz) to service_role;
