-- The rows that a plant of %(assets)s assets enters in the quarter of an hour before %(until)s (naive local
-- time), straight into the Postgres behind the stand-in. Arithmetic instead of chance: every run measures the
-- same rows. Over a window of half an hour the query files make about 5.2 result rows an asset of them: two
-- of output, 0.9 of OEE, 0.3 of downtime, one of quality, one of labor.
with asset as (
  select number, 'ASSET-' || lpad(number::text, 5, '0') as name
  from generate_series(1, %(assets)s) as number
),
output as (
  insert into dbo.production_data (locationname, output_count, "timestamp")
  select asset.name, 5 + (asset.number * 7 + minute) %% 11, %(until)s::timestamp - make_interval(mins => minute)
  from asset, unnest('{2, 7, 12}'::int[]) as minute
),
oee as (
  insert into dbo.oee_metrics (locationname, oee, availability, performance, quality, "timestamp")
  select asset.name, 60 + asset.number %% 35, 91.5, 88.25, 99.1, %(until)s::timestamp - interval '3 minutes'
  from asset
  where asset.number %% 10 <> 0
),
downtime as (
  insert into dbo.downtime_records (locationname, reason_code, downtime_minutes, "timestamp", notes)
  select
    asset.name, 'Sheet Jam', 2 + asset.number %% 5, %(until)s::timestamp - interval '9 minutes',
    'cleared by the operator'
  from asset
  where (asset.number + %(turn)s * 3) %% 20 < 3
),
quality as (
  insert into dbo.quality_records (locationname, good_count, reject_count, "timestamp")
  select asset.name, 20 + asset.number %% 9, asset.number %% 3, %(until)s::timestamp - interval '4 minutes'
  from asset
)
insert into dbo.labor_records (locationname, headcount, hours_worked, "timestamp")
select asset.name, 1 + asset.number %% 6, 0.25, %(until)s::timestamp - interval '14 minutes'
from asset;
