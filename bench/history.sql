-- Months of runs: of so many plants, each polled at an interval, up to an instant. Every twentieth run of a plant
-- failed, and durations spread over two to seven seconds.
insert into public.pipeline_runs (
  pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at, window_start,
  window_until, snapshots_until, safety_until, counts, timings_ms, error_code, error_message, is_retryable, report
)
select
  'live_pulse',
  'plant_' || poll.plant,
  'schedule',
  poll.slot,
  poll.status,
  gen_random_uuid(),
  poll.slot + interval '3 seconds',
  poll.slot + interval '93 seconds',
  poll.slot + interval '3 seconds' + make_interval(secs => 2 + (poll.number * 37 + poll.plant) %% 500 / 100.0),
  poll.slot - interval '30 minutes',
  poll.slot,
  case when poll.status = 'succeeded' then poll.slot end,
  case when poll.status = 'succeeded' then poll.slot end,
  '{"output_rows": 3000, "snapshots_written": 1000}',
  '{"claim": 40, "connect": 20, "read": 900, "evaluate": 300, "commit": 500}',
  case when poll.status = 'failed' then 'source_unavailable' end,
  case when poll.status = 'failed' then 'the SQL Server of the plant did not answer' end,
  case when poll.status = 'failed' then true end,
  jsonb_build_object('outcome', poll.status, 'note', repeat(md5(poll.number::text), 30))
from (
  select
    plant,
    number,
    %(until)s::timestamptz - number * make_interval(mins => %(every_minutes)s) as slot,
    case when (number + plant) %% 20 = 0 then 'failed' else 'succeeded' end as status
  from generate_series(1, %(plants)s) as plant
  cross join generate_series(0, %(runs)s / %(plants)s - 1) as number
) as poll
order by poll.slot
