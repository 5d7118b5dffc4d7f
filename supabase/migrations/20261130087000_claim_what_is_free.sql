-- Two edge runners of a plant took its groups from each other for ever: whoever was relieved claimed them again ten seconds later.
-- A claim may now ask for what nobody polls (is_free_only). In old code nothing asks for it: old code goes on as before.

set lock_timeout = '2s';

create or replace function public.claim_tag_group(p_claim jsonb, p_group public.tag_groups, p_now timestamptz)
returns text
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_holder constant uuid := (p_claim ->> 'holder')::uuid;
  v_leads_at constant timestamptz := p_now + make_interval(secs => coalesce((p_claim ->> 'lead_s')::double precision, 5));
  v_lease constant interval := make_interval(secs => (p_claim ->> 'lease_s')::double precision);
  v_live public.tag_leases[];
  v_reads public.tag_leases;
  v_first timestamptz;
begin
  select array_agg(lease order by lease.first_slot) into v_live
  from public.live_tag_leases(p_group.id, p_now) as lease;

  -- A call that is repeated because its answer was lost.
  if exists (select 1 from unnest(v_live) as lease where lease.holder = v_holder) then
    return null;
  end if;
  if (v_live[1]).runner <> p_claim ->> 'runner' then
    return 'held_by_' || (v_live[1]).runner;
  end if;
  if v_live is not null and (p_claim ->> 'is_free_only')::boolean then
    return 'polled_by_another';
  end if;
  if cardinality(v_live) > 1 then
    return 'relieved_already';
  end if;

  v_reads := v_live[1];
  v_first := case
    when v_reads is null then public.next_slot(p_group.interval_ms, p_now)
    -- A successor was named and is gone: the holder stops there all the same.
    when v_reads.until_slot is not null then v_reads.until_slot
    else greatest(public.next_slot(p_group.interval_ms, v_leads_at), v_reads.first_slot)
  end;

  update public.tag_leases as lease
  set until_slot = v_first
  where lease.group_id = p_group.id
  and lease.holder <> v_holder
  and (lease.until_slot is null or lease.until_slot > v_first);

  insert into public.tag_leases as lease (group_id, holder, runner, first_slot, claimed_at, expires_at)
  values (
    p_group.id, v_holder, p_claim ->> 'runner', v_first, p_now,
    v_lease + case when v_reads is null then p_now else v_leads_at end
  )
  -- Somebody who had stopped, and goes on now that it is started again.
  on conflict (group_id, holder) do update set
    runner = excluded.runner,
    first_slot = excluded.first_slot,
    until_slot = null,
    claimed_at = excluded.claimed_at,
    expires_at = excluded.expires_at,
    began_at = null,
    ended_at = null;
  return null;
end;
$$;
