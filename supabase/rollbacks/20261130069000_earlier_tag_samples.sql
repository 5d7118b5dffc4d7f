-- Lets only the holder of a slot bring it again. What the edge runner kept from before its turn is dropped and counted.

set lock_timeout = '2s';

create or replace function public.store_tag_samples(p_holder uuid, p_rows jsonb, p_now timestamptz)
returns jsonb
language sql
security invoker
set search_path = ''
set jit = off
as $$
  with sent as materialized (
    select
      row.g, row.s, row.v, row.w, row.t, row.q, row.b, row.ms,
      case
        when lease.holder is null
        or row.s < lease.first_slot
        or row.s >= lease.until_slot
        or row.s > p_now + interval '1 minute' then 'refused'
        when row.doubtful then public.judge_tag_rise(lease, row.s, p_now)
        else 'stored'
      end as answer
    from jsonb_to_recordset(p_rows) as row (
      g integer, s timestamptz, v real[], w double precision[], t jsonb, q jsonb, b smallint, ms integer,
      doubtful boolean
    )
    left join public.tag_leases as lease on lease.group_id = row.g and lease.holder = p_holder
  ),
  stored as (
    insert into public.tag_samples (group_id, read_ms, quality, slot, "values", wide_values, texts, qualities)
    select
      sent.g, least(sent.ms, 32767), coalesce(sent.b, 0), sent.s, sent.v, sent.w,
      nullif(nullif(sent.t, 'null'), '{}'), nullif(nullif(sent.q, 'null'), '{}')
    from sent
    where sent.answer = 'stored'
    on conflict do nothing
    returning group_id, slot, quality
  )
  select jsonb_build_object(
    'stored', (select count(*) from stored),
    'repeated',
    (select count(*) from sent where sent.answer in ('stored', 'dropped')) - (select count(*) from stored),
    'refused', (select coalesce(jsonb_agg(distinct sent.g), '[]') from sent where sent.answer = 'refused'),
    'later', (
      select coalesce(jsonb_agg(jsonb_build_array(sent.g, sent.s)), '[]') from sent where sent.answer = 'later'
    ),
    -- What follows from the rows for their groups.
    'groups', (
      select coalesce(jsonb_agg(written), '[]')
      from (
        select
          stored.group_id,
          max(stored.slot) as newest,
          max(stored.slot) filter (where stored.quality = 0) as newest_good,
          array_agg(distinct date_trunc('minute', stored.slot)) as minutes
        from stored
        group by stored.group_id
      ) as written
    )
  );
$$;

comment on function public.store_tag_samples(uuid, jsonb, timestamptz) is
  'Stores the rows whose slots are the holder''s, each once; says how many, and which groups have rows that are not.';

drop function public.judge_earlier_slot(public.tag_leases, timestamptz, timestamptz);
