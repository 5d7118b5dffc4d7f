-- An asset had one ideal rate, whatever it made: a fast product looked like a rate that is too low, a slow one like lost
-- time. A product may now have a rate of its own on an asset, for plants with output that names it. Nothing changes for
-- old code: it does not read product_rates in the claim's answer, and counts with the asset's rate.

set lock_timeout = '2s';

create table public.product_rates (
  id bigint generated always as identity primary key,
  asset_id bigint not null references public.assets (id) on delete cascade,
  product text not null check (btrim(product) <> '' and length(product) <= 200),
  product_key text not null,
  ideal_units_per_hour numeric not null check (ideal_units_per_hour > 0 and ideal_units_per_hour < 'infinity'),
  created_at timestamptz not null default now(),
  unique (asset_id, product_key)
);

comment on table public.product_rates is
  'Ideal rates of products on an asset. A product without one has the rate of the asset.';
comment on column public.product_rates.id is 'Key.';
comment on column public.product_rates.asset_id is 'The asset.';
comment on column public.product_rates.product is 'The product, as output.sql names it.';
comment on column public.product_rates.product_key is
  'What product is compared by (normalise_key in plant/text.py), handed in with it.';
comment on column public.product_rates.ideal_units_per_hour is 'Ideal rate (units per hour).';
comment on column public.product_rates.created_at is 'When the row was made (UTC).';

create trigger product_rates_fill_product_key
before insert on public.product_rates
for each row when (new.product_key is null)
execute function public.fill_name_key('product', 'product_key');

create trigger product_rates_rename
before update of product on public.product_rates
for each row when (new.product is distinct from old.product and new.product_key = old.product_key)
execute function public.fill_name_key('product', 'product_key');

alter table public.product_rates enable row level security;

-- assets is itself under row level security: whoever sees the asset sees its rates.
create policy members_read on public.product_rates
for select to authenticated
using (asset_id in (select a.id from public.assets as a));

revoke all on table public.product_rates from public, anon, authenticated, service_role;
revoke all on sequence public.product_rates_id_seq from public, anon, authenticated, service_role;
grant select on table public.product_rates to authenticated;
grant select, insert, update, delete on table public.product_rates to service_role;

create or replace function public.plant_assets(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(asset), '[]')
  from (
    select a.id as asset_id, a.source_name, a.ideal_units_per_hour, a.is_active, a.is_mapped, rated.product_rates
    from public.assets as a
    left join (
      select r.asset_id, json_object_agg(r.product_key, r.ideal_units_per_hour) as product_rates
      from public.product_rates as r
      group by r.asset_id
    ) as rated on rated.asset_id = a.id
    where a.plant = p_plant
    order by a.id
  ) as asset;
$$;

create function public.import_product_rates(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set statement_timeout = '30s'
as $$
declare
  v_wanted jsonb;
  v_errors jsonb;
begin
  select
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'asset_id', asset.id,
      'product_key', coalesce(given.product_key, public.fallback_key(given.product)),
      'key', jsonb_build_object(
        'asset', coalesce(asset.source_name, given.asset),
        'product', coalesce(existing.product, given.product)
      ),
      'before', case when existing.id is not null then jsonb_build_object(
        'ideal_units_per_hour', existing.ideal_units_per_hour
      ) end,
      'after', jsonb_build_object('ideal_units_per_hour', given.ideal_units_per_hour)
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', 'asset',
      'message', format('there is no asset %s: import it first', to_json(given.asset))
    ) order by given.line) filter (where asset.id is null)
  into v_wanted, v_errors
  from jsonb_to_recordset(p_rows) as given (
    line integer, asset text, product text, ideal_units_per_hour numeric, asset_key text, product_key text
  )
  left join public.assets as asset
    on asset.plant = p_plant and asset.name_key = coalesce(given.asset_key, public.fallback_key(given.asset))
  left join public.product_rates as existing
    on existing.asset_id = asset.id
    and existing.product_key = coalesce(given.product_key, public.fallback_key(given.product));

  if v_errors is null and not p_is_dry_run then
    insert into public.product_rates as kept (asset_id, product, product_key, ideal_units_per_hour)
    select
      wanted.asset_id,
      wanted.key ->> 'product',
      wanted.product_key,
      (wanted.after ->> 'ideal_units_per_hour')::numeric
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (
      asset_id bigint, product_key text, key jsonb, after jsonb
    )
    on conflict (asset_id, product_key) do update set
      ideal_units_per_hour = excluded.ideal_units_per_hour
    where kept.ideal_units_per_hour is distinct from excluded.ideal_units_per_hour;
  end if;
  return public.import_answer(v_wanted, v_errors);
end;
$$;

comment on function public.import_product_rates(text, text[], jsonb, boolean) is
  'Adds and changes ideal rates of products by asset and product, unless a line is wrong; returns the errors and what it '
  'does to each line, of a dry run what it would.';

revoke all on function public.import_product_rates(text, text[], jsonb, boolean)
from public, anon, authenticated, service_role;
grant execute on function public.import_product_rates(text, text[], jsonb, boolean) to service_role;
