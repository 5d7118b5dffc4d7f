-- A plan that is imported day by day could not say that a day is closed: every holiday warned that no data came. So there
-- is a calendar of closed days, of a whole plant or of one asset. It travels in the answer to a claim, and only where it is
-- asked for: old code asks for none and works as before.

set lock_timeout = '2s';

create table public.closed_days (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  asset_id bigint,
  date date not null check (isfinite(date)),
  name text not null check (btrim(name) <> '' and length(name) <= 200),
  is_closed boolean not null default true,
  created_at timestamptz not null default now(),
  unique nulls not distinct (plant, asset_id, date),
  foreign key (asset_id, plant) references public.assets (id, plant) on delete cascade
);

create index closed_days_asset_idx on public.closed_days (asset_id, plant);

-- A run asks for a few days of one plant.
create index closed_days_date_idx on public.closed_days (plant, date);

comment on table public.closed_days is
  'Days on which a plant or one of its assets does not work, whatever its shift targets say.';
comment on column public.closed_days.id is 'Key.';
comment on column public.closed_days.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.closed_days.asset_id is
  'The asset of the plant; null = all assets that have no row of their own for the day.';
comment on column public.closed_days.date is 'The day on which no shift starts (plant-local).';
comment on column public.closed_days.name is 'Why, such as the name of the holiday.';
comment on column public.closed_days.is_closed is
  'Whether it is closed; false = it works after all: a day taken back, or an asset that works on a holiday.';
comment on column public.closed_days.created_at is 'When the row was made (UTC).';

alter table public.closed_days enable row level security;

create policy members_read on public.closed_days
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

revoke all on table public.closed_days from public, anon, authenticated, service_role;
revoke all on sequence public.closed_days_id_seq from public, anon, authenticated, service_role;
grant select on table public.closed_days to authenticated;
grant select, insert, update, delete on table public.closed_days to service_role;

create function public.plant_closed_days(p_plant text, p_since timestamptz, p_until timestamptz)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(closed), '[]')
  from (
    select c.asset_id, c.date, c.name, c.is_closed
    from public.closed_days as c
    where c.plant = p_plant
    -- As for shift targets: the longest catch-up, a night shift, and any zone's distance from UTC.
    and (p_since is null or c.date > (p_since at time zone 'utc')::date - 3)
    and (p_until is null or c.date < (p_until at time zone 'utc')::date + 3)
    order by c.date, c.id
  ) as closed;
$$;

comment on function public.plant_closed_days(text, timestamptz, timestamptz) is
  'The closed days of a plant and of its assets around a span of time, as a JSON list.';

revoke all on function public.plant_closed_days(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.plant_closed_days(text, timestamptz, timestamptz) to service_role;

-- An asset of which all targets have ended has a plan that is silent about a day. One that never had a target has no plan,
-- and nobody can tell whether it should have worked.
create function public.plant_planned_assets(p_plant text)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_agg(a.id order by a.id), '[]')
  from public.assets as a
  where a.plant = p_plant
  and exists (select 1 from public.shift_targets as t where t.asset_id = a.id);
$$;

comment on function public.plant_planned_assets(text) is
  'The assets of a plant that have or had a shift target, as a JSON list of their ids.';

revoke all on function public.plant_planned_assets(text) from public, anon, authenticated, service_role;
grant execute on function public.plant_planned_assets(text) to service_role;

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
    select
      'closed_days',
      public.plant_closed_days(
        p_claim ->> 'plant',
        (p_claim ->> 'window_start')::timestamptz,
        (p_claim ->> 'window_until')::timestamptz
      )
    where p_claim -> 'wants' ? 'closed_days'
    union all
    select 'planned_assets', public.plant_planned_assets(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'planned_assets'
    union all
    select 'cost_centers', public.plant_cost_centers(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'cost_centers'
    union all
    select 'asset_names', public.plant_asset_names(p_claim ->> 'plant')
    where p_claim -> 'wants' ? 'asset_names'
    union all
    select
      'report_dates',
      public.plant_report_dates(p_claim ->> 'plant', (p_claim ->> 'report_dates_since')::date)
    where p_claim -> 'wants' ? 'report_dates'
    union all
    select 'fingerprints', public.slot_fingerprints(p_claim ->> 'plant', p_claim -> 'recent_slots')
    where jsonb_typeof(p_claim -> 'recent_slots') = 'array'
    union all
    select covered.key, covered.value
    from json_each(public.coverage(p_claim ->> 'pipeline', p_claim ->> 'plant')) as covered
  ) as part;
$$;

create function public.import_closed_days(p_plant text, p_columns text[], p_rows jsonb, p_is_dry_run boolean)
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
      -- A day of the whole plant has no asset.
      'key', jsonb_strip_nulls(jsonb_build_object(
        'date', given.date, 'asset', coalesce(asset.source_name, given.asset)
      )),
      'before', case when existing.id is not null then jsonb_build_object(
        'name', existing.name,
        'is_closed', existing.is_closed
      ) end,
      'after', jsonb_build_object(
        'name', given.name,
        'is_closed', coalesce(
          case when 'is_closed' = any (p_columns) then given.is_closed end, existing.is_closed, true
        )
      )
    )),
    jsonb_agg(jsonb_build_object(
      'line', given.line,
      'column', case when given.first_line < given.line then 'date' else 'asset' end,
      'message', case
        when given.first_line < given.line then format('the same day as in line %s', given.first_line)
        else format('there is no asset %s: import it first', to_json(given.asset))
      end
    ) order by given.line)
    filter (where given.first_line < given.line or given.key is not null and asset.id is null)
  into v_wanted, v_errors
  from (
    select row.line, row.date, row.name, row.asset, row.is_closed, of.key,
      min(row.line) over (partition by row.date, of.key) as first_line
    from jsonb_to_recordset(p_rows) as row (
      line integer, date date, name text, asset text, is_closed boolean, asset_key text
    )
    cross join lateral (select coalesce(row.asset_key, public.fallback_key(row.asset)) as key) as of
  ) as given
  left join public.assets as asset on asset.plant = p_plant and asset.name_key = given.key
  left join public.closed_days as existing
    on existing.plant = p_plant
    and existing.date = given.date
    and existing.asset_id is not distinct from asset.id;

  if v_errors is null and not p_is_dry_run then
    insert into public.closed_days as kept (plant, asset_id, date, name, is_closed)
    select
      p_plant,
      wanted.asset_id,
      (wanted.key ->> 'date')::date,
      wanted.after ->> 'name',
      (wanted.after ->> 'is_closed')::boolean
    from jsonb_to_recordset(coalesce(v_wanted, '[]')) as wanted (asset_id bigint, key jsonb, after jsonb)
    on conflict (plant, asset_id, date) do update set
      name = excluded.name,
      is_closed = excluded.is_closed
    where (kept.name, kept.is_closed) is distinct from (excluded.name, excluded.is_closed);
  end if;
  return public.import_answer(v_wanted, v_errors);
end;
$$;

comment on function public.import_closed_days(text, text[], jsonb, boolean) is
  'Adds and changes closed days of a plant by day and asset (none: the whole plant), unless a line is wrong; returns the '
  'errors and what it does to each line, of a dry run what it would.';

revoke all on function public.import_closed_days(text, text[], jsonb, boolean)
from public, anon, authenticated, service_role;
grant execute on function public.import_closed_days(text, text[], jsonb, boolean) to service_role;
