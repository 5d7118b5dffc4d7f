-- Whether the values of a day came in time is asked of when each was known first: a correction makes no value late.
-- A new function: old code is not touched.

set lock_timeout = '2s';

create function public.series_first_known(
  p_key text, p_from timestamptz, p_until timestamptz, p_now timestamptz default null
)
returns json
language sql
stable
security invoker
set search_path = ''
set statement_timeout = '8s'
set jit = off
as $$
  select json_build_object(
    'created_at', (select known.created_at from public.series as known where known.key = p_key),
    'at', coalesce(json_agg(extract(epoch from first.at)::bigint order by first.at), '[]'),
    'known_at', coalesce(json_agg(extract(epoch from first.known_at) order by first.at), '[]')
  )
  from (
    select
      point.at,
      least(
        point.known_at,
        (
          select min(revision.known_at)
          from public.series_revisions as revision
          where revision.series_id = point.series_id
          and revision.at = point.at
          and revision.value is not null
        )
      ) as known_at
    from public.series as known
    join public.series_points as point on point.series_id = known.id
    where known.key = p_key
    and point.at >= p_from
    and point.at < p_until
    and point.value is not null
  ) as first;
$$;

comment on function public.series_first_known(text, timestamptz, timestamptz, timestamptz) is
  'When the values of a series between two times were known first, in seconds since 1970, and since when the series is '
  'collected. p_now is ignored.';

revoke all on function public.series_first_known(text, timestamptz, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.series_first_known(text, timestamptz, timestamptz, timestamptz) to service_role;
