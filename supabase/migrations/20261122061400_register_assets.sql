-- Names that the source uses and nobody has mapped become unmapped assets, so that a safety event has one.
-- Dirty names must not grow for ever: 200 a plant, then one asset stands for all others.
-- New functions: old code is not touched.

create function public.register_assets(p_plant text, p_names jsonb)
returns integer
language sql
security invoker
set search_path = ''
as $$
  with room as (
    select greatest(200 - count(*), 0) as seats
    from public.assets as a
    where a.plant = p_plant
    and not a.is_mapped
    and a.source_key <> '(unknown assets)'
  ),
  named as (
    select public.normalise_key(n.name) as key, min(btrim(n.name)) as name
    from jsonb_array_elements_text(p_names) as n (name)
    where length(btrim(n.name)) <= 200
    group by 1
  ),
  registered as (
    insert into public.assets (plant, name, source_name, is_mapped)
    select p_plant, named.name, named.name, false
    from named
    where named.key not in ('', '(unknown assets)')
    and not exists (select 1 from public.assets as a where a.plant = p_plant and a.source_key = named.key)
    -- The same order everywhere: two sessions registering the same names wait, but never for each other.
    order by named.key
    limit (select room.seats from room)
    on conflict (plant, source_key) do nothing
    returning 1
  )
  select count(*)::integer from registered;
$$;

comment on function public.register_assets(text, jsonb) is
  'Registers unknown names (a JSON list) as unmapped assets of a plant, up to 200 unmapped ones; returns how many.';

create function public.overflow_asset(p_plant text)
returns bigint
language sql
security invoker
set search_path = ''
as $$
  insert into public.assets (plant, name, source_name, is_mapped)
  values (p_plant, '(unknown assets)', '(unknown assets)', false)
  on conflict (plant, source_key) do nothing;

  select a.id
  from public.assets as a
  where a.plant = p_plant and a.source_key = '(unknown assets)';
$$;

comment on function public.overflow_asset(text) is
  'The asset that stands for all unknown names of a plant that are not registered; made when first needed.';

revoke all on function public.register_assets(text, jsonb) from public, anon, authenticated, service_role;
revoke all on function public.overflow_asset(text) from public, anon, authenticated, service_role;
grant execute on function public.register_assets(text, jsonb) to service_role;
grant execute on function public.overflow_asset(text) to service_role;
