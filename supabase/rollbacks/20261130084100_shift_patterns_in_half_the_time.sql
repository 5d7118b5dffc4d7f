-- The shift patterns are found as before, by sorting.

create or replace function public.plant_shift_patterns(p_plant text, p_since timestamptz)
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
