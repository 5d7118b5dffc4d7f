-- Lets samples of tags stay for ever again.

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

drop function public.remove_expired_tag_rows(jsonb, timestamptz);

drop function public.roll_left_tag_minutes(timestamptz);
