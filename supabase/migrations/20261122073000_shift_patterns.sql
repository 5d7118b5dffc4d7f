-- A plant of 10,000 assets has 30,000 shift targets but a handful of shift times, and the answer to a claim
-- repeated the times with every target: 8 MB a quarter of an hour, most of the time of a claim. It can now
-- tell each pattern once, with its assets and targets. To old code nothing changes: it still asks for
-- shift_targets.

create function public.plant_shift_patterns(p_plant text, p_since timestamptz)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(pattern), '[]')
  from (
    select
      t.shift_name,
      to_char(t.starts_at, 'HH24:MI') as starts_at,
      to_char(t.ends_at, 'HH24:MI') as ends_at,
      t.days_of_week,
      t.valid_from,
      t.valid_until,
      t.breaks,
      -- Two lists side by side, in no stated order: sorting, or a pair for each, takes longer than the rest.
      json_agg(t.asset_id) as asset_ids,
      json_agg(t.target_output) as target_outputs
    from public.shift_targets as t
    join public.assets as a on a.id = t.asset_id
    where a.plant = p_plant
    -- Three days: the longest catch-up, a night shift, and any zone's distance from UTC.
    and (p_since is null or t.valid_until is null or t.valid_until > (p_since at time zone 'utc')::date - 3)
    group by
      t.shift_name, t.starts_at, t.ends_at, t.days_of_week, t.valid_from, t.valid_until, t.breaks
    order by min(t.id)
  ) as pattern;
$$;

comment on function public.plant_shift_patterns(text, timestamptz) is
  'The shift targets of a plant''s assets as a JSON list of shift patterns, each with the assets that work it '
  'and, in the same order, their target outputs (units a shift); those that ended well before p_since are left out.';

create or replace function public.claimed_answer(p_claim jsonb, p_run jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select json_object_agg(part.name, part.value)
  from (
    select 'answer' as name, to_json('claimed'::text) as value
    union all
    select 'run', p_run::json
    union all
    select 'assets', public.plant_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'assets'
    union all
    select
      'shift_targets',
      public.plant_shift_targets(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_targets'
    union all
    select
      'shift_patterns',
      public.plant_shift_patterns(p_claim ->> 'plant', (p_claim ->> 'window_start')::timestamptz)
    where p_claim -> 'wants' ? 'shift_patterns'
    union all
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

revoke all on function public.plant_shift_patterns(text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.plant_shift_patterns(text, timestamptz) to service_role;
