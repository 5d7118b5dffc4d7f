-- The edge runner lost what it had kept on its disk when it began while Supabase was away: its turn begins after all that it
-- read before, and those slots were refused. A holder at the edge may now bring earlier slots, where nothing is stored and
-- nobody else may still bring them. Nothing changes for old code: it brings such slots already, and now they are taken.

set lock_timeout = '2s';

create function public.judge_earlier_slot(p_lease public.tag_leases, p_slot timestamptz, p_now timestamptz)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when p_lease.runner <> 'edge' then 'refused'
    -- The clock of a computer that begins without Supabase may be wrong by years.
    when p_slot < (select g.created_at from public.tag_groups as g where g.id = p_lease.group_id) then 'refused'
    when exists (
      select 1
      from public.tag_leases as other
      where other.group_id = p_lease.group_id
      and other.holder <> p_lease.holder
      and other.first_slot <= p_slot
      and (other.until_slot is null or other.until_slot > p_slot)
      and other.ended_at is null
      and other.expires_at > p_now
    ) then 'later'
    else 'stored'
  end;
$$;

comment on function public.judge_earlier_slot(public.tag_leases, timestamptz, timestamptz) is
  'Whether a holder may bring a slot before its turn: stored, if it is at the edge, where samples may have waited on a disk; '
  'later, while the holder of that slot may still bring it; or refused.';

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
        or row.s >= lease.until_slot
        or row.s > p_now + interval '1 minute' then 'refused'
        when earlier.answer <> 'stored' then earlier.answer
        when row.doubtful then public.judge_tag_rise(lease, row.s, p_now)
        else 'stored'
      end as answer
    from jsonb_to_recordset(p_rows) as row (
      g integer, s timestamptz, v real[], w double precision[], t jsonb, q jsonb, b smallint, ms integer,
      doubtful boolean
    )
    left join public.tag_leases as lease on lease.group_id = row.g and lease.holder = p_holder
    left join lateral (
      select public.judge_earlier_slot(lease, row.s, p_now) as answer where row.s < lease.first_slot
    ) as earlier on true
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
  'Stores the rows whose slots are the holder''s, or earlier and nobody''s any more, each once; says how many, and which groups '
  'have rows that are not.';

revoke all on function public.judge_earlier_slot(public.tag_leases, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.judge_earlier_slot(public.tag_leases, timestamptz, timestamptz) to service_role;
