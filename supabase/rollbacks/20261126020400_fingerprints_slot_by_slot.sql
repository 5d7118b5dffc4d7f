-- Brings back the function that reads the whole table; no data is lost.

create or replace function public.slot_fingerprints(p_plant text, p_slots jsonb)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(json_object_agg(slot.snapshot_timestamp, slot.fingerprint), '{}')
  from (
    select
      s.snapshot_timestamp,
      encode(sha256(convert_to(string_agg(
        concat_ws(
          ':',
          s.asset_id,
          round(s.output_actual * 10000)::text,
          coalesce(round(s.slot_output * 10000)::text, '-'),
          round(s.output_target * 10000)::text,
          round(s.downtime_minutes * 10000)::text
        ),
        ',' order by s.asset_id
      ), 'UTF8')), 'hex') as fingerprint
    from public.live_snapshots as s
    join public.assets as a on a.id = s.asset_id
    where a.plant = p_plant
    and s.snapshot_timestamp in (select wanted.value::timestamptz from jsonb_array_elements_text(p_slots) as wanted)
    group by s.snapshot_timestamp
  ) as slot;
$$;
