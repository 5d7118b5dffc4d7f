-- So many plants (%(plants)s) of 100 assets with three shifts each.
with entered as (
  insert into public.assets (plant, name, source_name, ideal_units_per_hour)
  select 'plant_' || plant, 'Asset ' || number, 'ASSET-' || lpad(number::text, 5, '0'), 120
  from generate_series(1, %(plants)s) as plant
  cross join generate_series(1, 100) as number
  returning id
)
insert into public.shift_targets (asset_id, shift_name, starts_at, ends_at, days_of_week, target_output, breaks)
select entered.id, shift.name, shift.starts_at, shift.ends_at, '{1,2,3,4,5,6,7}', 800 + entered.id %% 90, shift.breaks
from entered
cross join (
  values
    ('early', time '06:00', time '14:00', '[{"starts_at": "12:00", "ends_at": "12:30"}]'::jsonb),
    ('late', time '14:00', time '22:00', '[{"starts_at": "19:30", "ends_at": "20:00"}]'::jsonb),
    ('night', time '22:00', time '06:00', '[{"starts_at": "03:00", "ends_at": "03:30"}]'::jsonb)
) as shift (name, starts_at, ends_at, breaks);
