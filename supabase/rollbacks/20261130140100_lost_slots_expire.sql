-- Leaves lost slots to the next loss of their group again.

set lock_timeout = '2s';

create or replace function public.remove_expired_tag_rows(p_batch jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_table constant text := p_batch ->> 'table';
  v_column constant text := case v_table when 'tag_minutes' then 'minute' else 'slot' end;
  v_before constant timestamptz := p_now - make_interval(hours => (p_batch ->> 'keep_hours')::integer);
  v_is_dry_run constant boolean := coalesce((p_batch ->> 'is_dry_run')::boolean, false);
  v_answer jsonb;
begin
  -- A group that is polled no more may have a last minute that nobody has worked out.
  if v_table = 'tag_samples' and not v_is_dry_run then
    perform public.roll_left_tag_minutes(v_before);
  end if;

  -- There is no index by time alone, because it would take as much writing as the rows do. So groups take turns, by id.
  execute format(
    $statement$
      with looked_at as materialized (
        select known.id, old.at, old.place
        from public.tag_groups as known
        cross join lateral (
          select one.%2$I as at, one.ctid as place
          from public.%1$I as one
          where one.group_id = known.id
          and one.%2$I < $1
          and one.%2$I > case when known.id = $2 then $3 else '-infinity' end
          order by one.%2$I
          limit $4
        ) as old
        where known.id >= $2
        order by known.id, old.at
        limit $4
      ),
      removed as (
        delete from public.%1$I as old
        where old.ctid = any (array(
          select locked.ctid
          from public.%1$I as locked
          where not $5
          and locked.ctid = any (array(select l.place from looked_at as l))
          for update skip locked
        ))
        returning 1
      )
      select jsonb_build_object(
        'expired', (select count(*) from looked_at),
        'removed', (select count(*) from removed),
        'resume_after', case when (select count(*) from looked_at) = $4 then (
          select jsonb_build_object('at', l.at, 'id', l.id)
          from looked_at as l
          order by l.id desc, l.at desc
          limit 1
        ) end
      )
    $statement$,
    v_table, v_column
  )
  into v_answer
  using
    v_before,
    coalesce((p_batch -> 'resume_after' ->> 'id')::integer, 0),
    coalesce((p_batch -> 'resume_after' ->> 'at')::timestamptz, '-infinity'),
    (p_batch ->> 'limit')::integer,
    v_is_dry_run;
  return v_answer;
end;
$$;

drop function public.forget_lost_slots(integer, timestamptz);

comment on table public.tag_lost_slots is
  'Samples that are lost and counted in tag_states, so that a call that is repeated does not count them again. After a week the next one that the group loses removes them.';
comment on column public.tag_states.queue_highest is 'The most that ever waited in the present burst.';
