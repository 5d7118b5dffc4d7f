-- Takes the rates of products away: every product has the rate of its asset again. New code reads no rates then.

set lock_timeout = '2s';

drop function public.import_product_rates(text, text[], jsonb, boolean);

create or replace function public.plant_assets(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(asset), '[]')
  from (
    select a.id as asset_id, a.source_name, a.ideal_units_per_hour, a.is_active, a.is_mapped
    from public.assets as a
    where a.plant = p_plant
    order by a.id
  ) as asset;
$$;

drop table public.product_rates;
