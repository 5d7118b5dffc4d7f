-- Nobody looks into a table at six in the morning, so the report goes out by mail. Which mail is due is state beside the
-- summaries, written in their transaction: one row a plant, day and channel, so that it is sent once, and once more
-- when late rows change the day (docs/decisions/0082). Works beside old code, which names no channels and asks for none.

set lock_timeout = '2s';

create table public.report_mails (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  report_date date not null,
  channel text not null check (btrim(channel) <> ''),
  due_at timestamptz not null,
  next_try_at timestamptz,
  changes integer not null default 0 check (changes >= 0),
  attempts integer not null default 0 check (attempts >= 0),
  lease uuid,
  lease_until timestamptz,
  told jsonb,
  told_at timestamptz,
  error text,
  unique (plant, report_date, channel),
  check ((lease is null) = (lease_until is null))
);

create index report_mails_due_idx on public.report_mails (next_try_at, id) where next_try_at is not null;

create index report_mails_date_idx on public.report_mails (report_date, id);

comment on table public.report_mails is
  'What each mail channel was told about a day of a plant, and what is still to tell.';
comment on column public.report_mails.id is 'Key.';
comment on column public.report_mails.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.report_mails.report_date is 'The production day.';
comment on column public.report_mails.channel is 'Name of the channel in plantpulse.yaml.';
comment on column public.report_mails.due_at is 'Since when the newest mail is due (UTC).';
comment on column public.report_mails.next_try_at is 'When it may be sent (UTC); null: nothing is to be sent.';
comment on column public.report_mails.changes is
  'How often late rows have changed the day; a change while a mail is being sent makes it due again.';
comment on column public.report_mails.attempts is 'How often it has been claimed since it was due.';
comment on column public.report_mails.lease is 'Whose it is while it is being sent; null: nobody''s.';
comment on column public.report_mails.lease_until is 'When the lease ends, and anybody may claim it (UTC).';
comment on column public.report_mails.told is 'The plant''s totals in the last mail that was sent; null: none was.';
comment on column public.report_mails.told_at is 'When the last mail was sent (UTC).';
comment on column public.report_mails.error is 'What the last try failed for; null after a success.';

alter table public.report_mails enable row level security;

-- An error may name who gets the mail.
create policy managers_read on public.report_mails
for select to authenticated
using (
  plant in (
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.plant = '*' and m.role = 'manager'
  )
);

revoke all on table public.report_mails from public, anon, authenticated, service_role;
revoke all on sequence public.report_mails_id_seq from public, anon, authenticated, service_role;
grant select on table public.report_mails to authenticated;
grant select, insert, update, delete on table public.report_mails to service_role;

create function public.note_report_mails(p_run public.pipeline_runs, p_days jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  with day as (
    select given.report_date, given.mail_to
    from jsonb_to_recordset(p_days) as given (report_date date, mail_to jsonb)
  ),
  -- A day names channels only on its own morning. What is there already stays: a report made again tells nothing.
  first as (
    insert into public.report_mails (plant, report_date, channel, due_at, next_try_at)
    select distinct p_run.plant, day.report_date, named.channel, p_now, p_now
    from day
    cross join lateral jsonb_array_elements_text(
      case when jsonb_typeof(day.mail_to) = 'array' then day.mail_to else '[]' end
    ) as named (channel)
    order by 1, 2, 3
    on conflict (plant, report_date, channel) do nothing
  )
  -- Rows of this statement are not seen here, so what is new is not a change.
  update public.report_mails as mail
  set
    changes = mail.changes + 1,
    due_at = case when mail.next_try_at is null then p_now else mail.due_at end,
    attempts = case when mail.next_try_at is null then 0 else mail.attempts end,
    next_try_at = coalesce(mail.next_try_at, p_now)
  where mail.plant = p_run.plant
  and mail.report_date in (
    -- Only rows that differ were touched by this commit.
    select summary.report_date
    from public.daily_summaries as summary
    join public.assets as a on a.id = summary.asset_id
    where a.plant = p_run.plant
    and summary.report_date in (select day.report_date from day)
    and summary.run_id = p_run.id
    and summary.updated_at = p_now
  );
$$;

comment on function public.note_report_mails(public.pipeline_runs, jsonb, timestamptz) is
  'Makes the mails of a commit due: first ones for the channels that a day names, further ones where its summaries changed.';

revoke all on function public.note_report_mails(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.note_report_mails(public.pipeline_runs, jsonb, timestamptz) to service_role;

create or replace function public.write_morning_report(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_counts constant jsonb := coalesce(p_commit -> 'report' -> 'counts', '{}');
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_summaries constant jsonb := public.upsert_summaries(p_run, p_commit -> 'days', p_now);
  v_report jsonb;
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);
  perform public.note_report_mails(p_run, p_commit -> 'days', p_now);

  if coalesce((p_commit ->> 'is_final')::boolean, true) then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object('counts', v_counts || (
        select jsonb_object_agg(
          'summaries_' || part.key,
          part.value::bigint + coalesce((v_counts ->> ('summaries_' || part.key))::bigint, 0)
        )
        from jsonb_each_text(v_summaries) as part
      )),
      p_now
    );
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'summaries', v_summaries,
    'assets_registered', v_registered
  );
end;
$$;

create function public.report_day(p_plant text, p_date date)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'plant', p_plant,
    'report_date', p_date,
    'rows', (
      select coalesce(jsonb_agg(
        to_jsonb(s) - '{id,run_id,created_at,updated_at}'::text[]
        || jsonb_build_object('name', a.name, 'area', a.area)
        order by s.report_date desc, a.id
      ), '[]')
      from public.assets as a
      join public.daily_summaries as s on s.asset_id = a.id
      where a.plant = p_plant
      and s.report_date = any (array[p_date, p_date - 1, p_date - 7, p_date - 14, p_date - 21, p_date - 28])
    ),
    'written_at', (
      select max(s.updated_at)
      from public.assets as a
      join public.daily_summaries as s on s.asset_id = a.id
      where a.plant = p_plant
      and s.report_date = p_date
    ),
    'unmapped', (
      select coalesce(jsonb_agg(a.source_name order by a.id), '[]')
      from public.assets as a
      where a.plant = p_plant
      and a.is_active
      and not a.is_mapped
    )
  );
$$;

comment on function public.report_day(text, date) is
  'A day''s summaries of a plant with those of the day before and of the same weekday in the four weeks before, and the '
  'names that nobody mapped.';

revoke all on function public.report_day(text, date) from public, anon, authenticated, service_role;
grant execute on function public.report_day(text, date) to service_role;

create function public.claim_report_mails(p_claim jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_limit constant integer := (p_claim ->> 'limit')::integer;
  v_lease_s constant double precision := (p_claim ->> 'lease_s')::double precision;
  v_mails jsonb;
begin
  if v_limit is null or v_limit not between 1 and 1000 then
    raise exception 'limit must be 1 to 1000 mails, not %', p_claim -> 'limit' using errcode = '22023';
  end if;

  if v_lease_s is null or v_lease_s not between 1 and 3600 then
    raise exception 'lease_s must be 1 to 3600 seconds, not %', p_claim -> 'lease_s' using errcode = '22023';
  end if;

  with due as (
    select mail.id
    from public.report_mails as mail
    where mail.next_try_at <= v_now
    -- Several deployments may share a project, and each knows its own plants and channels.
    and mail.plant in (select jsonb_array_elements_text(p_claim -> 'plants'))
    and (mail.lease_until is null or mail.lease_until <= v_now)
    order by mail.next_try_at, mail.id
    limit v_limit
    for update skip locked
  ),
  claimed as (
    update public.report_mails as mail
    set
      lease = gen_random_uuid(),
      lease_until = v_now + make_interval(secs => v_lease_s),
      attempts = mail.attempts + 1
    from due
    where mail.id = due.id
    returning
      mail.id, mail.plant, mail.report_date, mail.channel, mail.lease, mail.changes, mail.attempts, mail.due_at,
      mail.told, mail.told_at
  )
  select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]')
  into v_mails
  from claimed as c;

  return jsonb_build_object(
    'mails', v_mails,
    'days', (
      select coalesce(jsonb_agg(public.report_day(day.plant, day.report_date)), '[]')
      from (
        select distinct named.plant, named.report_date
        from jsonb_to_recordset(v_mails) as named (plant text, report_date date)
      ) as day
    )
  );
end;
$$;

comment on function public.claim_report_mails(jsonb, timestamptz) is
  'Leases mails of the plants that are due, at most limit of them, to one caller for lease_s seconds; returns them with '
  'what is known of their days. p_now null = the clock.';

revoke all on function public.claim_report_mails(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_report_mails(jsonb, timestamptz) to service_role;

create function public.mark_report_mail(p_mark jsonb, p_now timestamptz default null)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_now constant timestamptz := coalesce(p_now, clock_timestamp());
  v_outcome constant text := p_mark ->> 'outcome';
begin
  if v_outcome is null or v_outcome not in ('sent', 'unchanged', 'again', 'dropped') then
    raise exception 'a mail is sent, unchanged, again or dropped, not %', p_mark -> 'outcome' using errcode = '22023';
  end if;

  update public.report_mails as mail
  set
    told = case when v_outcome = 'sent' then p_mark -> 'told' else mail.told end,
    told_at = case when v_outcome = 'sent' then v_now else mail.told_at end,
    error = case when v_outcome in ('again', 'dropped') then p_mark ->> 'error' end,
    next_try_at = case
      when v_outcome = 'again' then (p_mark ->> 'next_try_at')::timestamptz
      -- What changed while this was being sent is still to be told.
      when v_outcome <> 'dropped' and mail.changes > (p_mark ->> 'changes')::integer then v_now
    end,
    due_at = case
      when v_outcome in ('sent', 'unchanged') and mail.changes > (p_mark ->> 'changes')::integer then v_now
      else mail.due_at
    end,
    attempts = case when v_outcome = 'again' then mail.attempts else 0 end,
    lease = null,
    lease_until = null
  where mail.id = (p_mark ->> 'id')::bigint
  and mail.lease = (p_mark ->> 'lease')::uuid;

  return jsonb_build_object('answer', case when found then 'marked' else 'fenced' end);
end;
$$;

comment on function public.mark_report_mail(jsonb, timestamptz) is
  'Records what came of a claimed mail: sent, unchanged (nothing worth telling), again (at next_try_at) or dropped; '
  'answers marked, or fenced if the lease is not the caller''s any more. p_now null = the clock.';

revoke all on function public.mark_report_mail(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.mark_report_mail(jsonb, timestamptz) to service_role;

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
