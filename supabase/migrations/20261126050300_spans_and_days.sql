-- What a person asks for may be a span of polls or days of a report. Each was told from a double click by a
-- version of this function of its own, of which only the later one held: here both do. To old code nothing
-- changes: it asks for neither.

create or replace function public.recent_manual_run(p_claim jsonb, p_now timestamptz)
returns public.pipeline_runs
language sql
stable
security invoker
set search_path = ''
as $$
  select run
  from public.pipeline_runs as run
  where p_claim ->> 'trigger' = 'manual'
  and p_claim ->> 'idempotency_key' is null
  and run.pipeline = p_claim ->> 'pipeline'
  and run.plant = p_claim ->> 'plant'
  and run.trigger = 'manual'
  and run.status in ('succeeded', 'partial')
  and run.finished_at between p_now - interval '1 second' and p_now
  and (run.report ->> 'span') is not distinct from (p_claim ->> 'span')
  -- A poll by hand is of now, so two of them never have one window; a span that was named is that span alone.
  and (
    not coalesce((p_claim ->> 'is_window_named')::boolean, false)
    or (run.window_start, run.window_until) = (
      (p_claim ->> 'window_start')::timestamptz, (p_claim ->> 'window_until')::timestamptz
    )
  )
  order by run.finished_at desc
  limit 1;
$$;

comment on function public.recent_manual_run(jsonb, timestamptz) is
  'The manual run that ended within the last second and was asked for the same (span of a poll, days of a report), '
  'when the claim is a manual one without a key: a double click.';

revoke all on function public.recent_manual_run(jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.recent_manual_run(jsonb, timestamptz) to service_role;
