-- Samples of tags would stay for ever. They are removed in batches as other tables' rows are, and minutes that nobody has
-- worked out are worked out first. Nothing changes for old code, which does not name these tables.

set lock_timeout = '2s';

create function public.remove_expired_tag_rows(p_batch jsonb, p_now timestamptz)
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

comment on function public.remove_expired_tag_rows(jsonb, timestamptz) is
  'Removes one batch of old samples or minutes, group by group; part of remove_expired.';

create function public.roll_left_tag_minutes(p_before timestamptz)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_group_ids integer[];
  v_minutes timestamptz[];
begin
  v_group_ids := array(
    select s.group_id
    from public.tag_states as s
    where s.rolled_until < p_before
    and exists (
      select 1 from public.tag_samples as one
      where one.group_id = s.group_id and one.slot >= s.rolled_until and one.slot < p_before
    )
  );
  if cardinality(v_group_ids) = 0 then
    return;
  end if;

  perform public.lock_tag_groups(v_group_ids);
  select array_agg(left_over.group_id), array_agg(left_over.minute) into v_group_ids, v_minutes
  from (
    select s.group_id, date_trunc('minute', one.slot) as minute
    from public.tag_states as s
    join public.tag_samples as one on one.group_id = s.group_id and one.slot >= s.rolled_until and one.slot < p_before
    where s.group_id = any (v_group_ids)
    group by 1, 2
  ) as left_over;
  if v_group_ids is not null then
    perform public.roll_tag_minutes(v_group_ids, v_minutes);
    -- From here on the minute is not worked out again, because its samples go.
    update public.tag_states as s
    set rolled_until = date_trunc('minute', p_before)
    where s.group_id = any (v_group_ids) and s.rolled_until < date_trunc('minute', p_before);
  end if;
end;
$$;

comment on function public.roll_left_tag_minutes(timestamptz) is
  'Works out the minutes of samples that are about to be removed and that no burst has worked out.';

revoke all on function public.remove_expired_tag_rows(jsonb, timestamptz) from public, anon, authenticated, service_role;
revoke all on function public.roll_left_tag_minutes(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.remove_expired_tag_rows(jsonb, timestamptz) to service_role;
grant execute on function public.roll_left_tag_minutes(timestamptz) to service_role;

create or replace function public.remove_expired(p_batch jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
-- Well below the role's 8 s, so that a batch that is too large is cut off before it is in anybody's way. Planned
-- for each batch: a plan made for any limit would read the whole table.
set statement_timeout = '4s'
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_table constant text := p_batch ->> 'table';
  v_keep_hours constant integer := (p_batch ->> 'keep_hours')::integer;
  v_limit constant integer := (p_batch ->> 'limit')::integer;
  v_time_column text;
  v_kept text := 'select null::bigint as id where false';
  v_answer jsonb;
begin
  -- One entry for each table that expires: the column that its age is told by, and what is kept all the same.
  -- Each has an index that begins with the column. Safety events never expire. Summaries expire if
  -- the settings say so; their index has the date alone, so the ids of a day are sorted.
  case v_table
    when 'live_snapshots' then
      v_time_column := 'snapshot_timestamp';
    when 'rejected_records' then
      v_time_column := 'created_at';
    when 'daily_summaries' then
      v_time_column := 'report_date';
    when 'report_mails' then
      v_time_column := 'report_date';
    when 'alerts' then
      -- An open one has no end yet. What was told of an alert and what happened to it go with it.
      v_time_column := 'resolved_at';
    when 'silences' then
      v_time_column := 'ends_at';
    when 'collections' then
      v_time_column := 'started_at';
    when 'failed_batches' then
      v_time_column := 'failed_at';
    when 'gaps' then
      v_time_column := 'closed_at';
      -- What is absent would be found, and asked for, again.
      v_kept := $kept$
        select gap.id
        from public.gaps as gap
        join looked_at as l on l.id = gap.id
        where gap.state = 'absent'
      $kept$;
    when 'series_readings' then
      v_time_column := 'stored_at';
    when 'series_flags' then
      v_time_column := 'flagged_at';
    when 'series_quality' then
      v_time_column := 'computed_at';
    when 'series_reports' then
      v_time_column := 'created_at';
    when 'series_points', 'series_revisions' then
      v_time_column := 'at';
    when 'tag_samples', 'tag_minutes' then
      v_time_column := 'slot';
    when 'tag_commands' then
      v_time_column := 'requested_at';
    when 'tag_triggers' then
      v_time_column := 'requested_at';
    when 'pipeline_runs' then
      v_time_column := 'started_at';
      v_kept := 'select public.needed_runs(array(select l.id from looked_at as l)) as id';
    else
      raise exception 'no rows of % expire', coalesce(v_table, 'no table') using errcode = '22023';
  end case;

  if v_keep_hours is null or v_keep_hours < 1 then
    raise exception 'keep_hours must be 1 or more, not %', p_batch -> 'keep_hours' using errcode = '22023';
  end if;

  if v_limit is null or v_limit not between 1 and 100000 then
    raise exception 'limit must be 1 to 100000 rows, not %', p_batch -> 'limit' using errcode = '22023';
  end if;

  if v_table in ('tag_samples', 'tag_minutes') then
    return public.remove_expired_tag_rows(p_batch, coalesce(p_now, clock_timestamp()));
  end if;

  if v_table in ('series_points', 'series_revisions') then
    return public.remove_expired_points(p_batch, coalesce(p_now, clock_timestamp()));
  end if;

  -- Looks at no more than the limit, the oldest first, whatever is kept or locked among them; the next batch
  -- goes on behind them. Rows are found by place, because the planner cannot take that for a whole table.
  -- Whoever holds a row locked keeps it until the next run, so nobody waits for anybody.
  execute format(
    $statement$
      with looked_at as materialized (
        select old.%2$I as at, old.id, old.ctid as place
        from public.%1$I as old
        where old.%2$I < $1
        and (old.%2$I, old.id) > ($2, $3)
        order by old.%2$I, old.id
        limit $4
      ),
      kept as materialized (
        %3$s
      ),
      expired as materialized (
        select l.place
        from looked_at as l
        where not exists (select 1 from kept where kept.id = l.id)
      ),
      removed as (
        delete from public.%1$I as old
        where old.ctid = any (array(
          select locked.ctid
          from public.%1$I as locked
          where not $5
          and locked.ctid = any (array(select e.place from expired as e))
          for update skip locked
        ))
        returning old.id
      )
      select jsonb_build_object(
        'expired', (select count(*) from expired),
        'removed', (select count(*) from removed),
        -- Fewer than were asked for: nothing is left behind them.
        'resume_after', case when (select count(*) from looked_at) = $4 then (
          select jsonb_build_object('at', l.at, 'id', l.id)
          from looked_at as l
          order by l.at desc, l.id desc
          limit 1
        ) end
      )
    $statement$,
    v_table, v_time_column, v_kept
  )
  into v_answer
  using
    coalesce(p_now, clock_timestamp()) - make_interval(hours => v_keep_hours),
    coalesce((p_batch -> 'resume_after' ->> 'at')::timestamptz, '-infinity'),
    coalesce((p_batch -> 'resume_after' ->> 'id')::bigint, 0),
    v_limit,
    coalesce((p_batch ->> 'is_dry_run')::boolean, false);
  return v_answer;
end;
$$;
