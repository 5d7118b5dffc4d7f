-- What a poll must know of a plant travels in the answer to its claim: one call instead of three.
-- New function: old code is not touched.

create function public.plant_model(p_plant text, p_wants jsonb, p_since timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select
    case when p_wants ? 'assets' then jsonb_build_object('assets', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'asset_id', a.id,
        'source_name', a.source_name,
        'ideal_units_per_hour', a.ideal_units_per_hour,
        'is_active', a.is_active,
        'is_mapped', a.is_mapped
      ) order by a.id), '[]')
      from public.assets as a
      where a.plant = p_plant
    )) else '{}' end
    -- Three days: the longest catch-up, and any zone's distance from UTC.
    || case when p_wants ? 'shift_targets' then jsonb_build_object('shift_targets', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'asset_id', t.asset_id,
        'shift_name', t.shift_name,
        'starts_at', to_char(t.starts_at, 'HH24:MI'),
        'ends_at', to_char(t.ends_at, 'HH24:MI'),
        'days_of_week', to_jsonb(t.days_of_week),
        'valid_from', t.valid_from,
        'valid_until', t.valid_until,
        'target_output', t.target_output,
        'breaks', t.breaks
      ) order by t.id), '[]')
      from public.shift_targets as t
      join public.assets as a on a.id = t.asset_id
      where a.plant = p_plant
      and (t.valid_until > (p_since at time zone 'utc')::date - 3 or t.valid_until is null or p_since is null)
    )) else '{}' end;
$$;

comment on function public.plant_model(text, jsonb, timestamptz) is
  'The parts of a plant named in p_wants (assets, shift_targets); targets that ended well before p_since are left out.';

revoke all on function public.plant_model(text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.plant_model(text, jsonb, timestamptz) to service_role;
