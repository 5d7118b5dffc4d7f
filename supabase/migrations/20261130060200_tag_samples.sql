-- The values of machine tags had no place, nor who reads which group from when to when. New tables: old code is not
-- touched.

set lock_timeout = '2s';

-- Updated every two seconds: with room in its pages an update is made in place, and no index grows.
create table public.tag_leases (
  group_id integer not null references public.tag_groups (id) on delete cascade,
  holder uuid not null,
  runner text not null check (runner in ('cloud', 'edge')),
  first_slot timestamptz not null check (isfinite(first_slot)),
  until_slot timestamptz check (isfinite(until_slot)),
  claimed_at timestamptz not null,
  expires_at timestamptz not null check (isfinite(expires_at)),
  began_at timestamptz,
  ended_at timestamptz,
  sequence bigint not null default 0,
  level boolean,
  level_slot timestamptz,
  primary key (group_id, holder),
  constraint tag_leases_level_check check ((level is null) = (level_slot is null))
) with (fillfactor = 40);

create index tag_leases_holder_idx on public.tag_leases (holder);

comment on table public.tag_leases is
  'Whose turn it is to read a group: each slot belongs to the one turn with first_slot <= slot < until_slot, so that '
  'bursts relieve each other without losing or doubling one. A group has a holder, at most one successor, and the '
  'predecessors that may still bring what they read.';
comment on column public.tag_leases.group_id is 'The group.';
comment on column public.tag_leases.holder is 'Who reads: the fence of the run, or a token of its own at the edge.';
comment on column public.tag_leases.runner is 'cloud = a function, edge = a computer in the plant.';
comment on column public.tag_leases.first_slot is 'The first slot of the turn (UTC).';
comment on column public.tag_leases.until_slot is
  'The first slot of the next turn (UTC): the holder stops before it. Null while nobody else is named.';
comment on column public.tag_leases.claimed_at is 'When it was claimed (UTC).';
comment on column public.tag_leases.expires_at is 'Until when it holds if nothing is heard of the holder (UTC).';
comment on column public.tag_leases.began_at is 'When its slots were first heard of (UTC); null for a successor that waits.';
comment on column public.tag_leases.ended_at is 'When the holder said that it had stopped (UTC); null before.';
comment on column public.tag_leases.sequence is 'Number of the holder''s last call that was counted: a repeated call adds nothing.';
comment on column public.tag_leases.level is 'The trigger tag''s bit when it was last seen; null without one.';
comment on column public.tag_leases.level_slot is 'The slot in which it was seen (UTC).';

-- 864,000 rows a day at ten groups and one second. Rows that expire are removed, and their place is used again by those
-- that follow; nothing is ever updated. No foreign key, because each row would look up and lock its group; a group that is
-- deleted takes its rows with it by a trigger.
create table public.tag_samples (
  group_id integer not null,
  read_ms smallint,
  quality smallint not null default 0,
  slot timestamptz not null,
  "values" real[],
  wide_values double precision[],
  texts jsonb,
  qualities jsonb,
  constraint tag_samples_pkey primary key (group_id, slot)
) with (
  toast_tuple_target = 8160,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_analyze_scale_factor = 0.1
);

comment on table public.tag_samples is
  'One row per group and slot: the values of its tags by position. Nobody but the slot''s holder writes it, and only once.';
comment on column public.tag_samples.group_id is 'The group; no foreign key, as in collections.';
comment on column public.tag_samples.read_ms is 'How long the read took (milliseconds).';
comment on column public.tag_samples.quality is
  'Quality of the whole row: 0 good; otherwise nobody has a value (1 not connected, 2 timed out, ...).';
comment on column public.tag_samples.slot is 'The time that was read for (UTC), a whole multiple of the interval.';
comment on column public.tag_samples."values" is
  'The values by position, in their units, a bool as 1 or 0. Null where one is wide, a text, bad or removed.';
comment on column public.tag_samples.wide_values is
  'By position, the values that 32 bits would round; null if the group has none.';
comment on column public.tag_samples.texts is
  'By position, strings, and integers beyond 2^53 with all their digits; null if there are none.';
comment on column public.tag_samples.qualities is
  'By position, the qualities of tags that are not good; null if all are.';

create table public.tag_minutes (
  group_id integer not null,
  rows smallint not null check (rows > 0),
  minute timestamptz not null check (date_trunc('minute', minute, 'UTC') = minute),
  lows real[],
  highs real[],
  means real[],
  wide_lows double precision[],
  wide_highs double precision[],
  wide_means double precision[],
  counts smallint[],
  bads smallint[],
  constraint tag_minutes_pkey primary key (group_id, minute)
) with (toast_tuple_target = 8160);

comment on table public.tag_minutes is
  'One row per group and minute with samples: what its tags were, by position. Worked out anew when a sample comes late.';
comment on column public.tag_minutes.group_id is 'The group; no foreign key, as in collections.';
comment on column public.tag_minutes.rows is 'How many samples the minute has.';
comment on column public.tag_minutes.minute is 'Start of the minute (UTC).';
comment on column public.tag_minutes.lows is 'By position, the lowest value; null where wide, a text or without values.';
comment on column public.tag_minutes.highs is 'By position, the highest value; null as in lows.';
comment on column public.tag_minutes.means is 'By position, the mean of the values; null as in lows.';
comment on column public.tag_minutes.wide_lows is 'By position, the lowest value of tags that 32 bits would round; null if none.';
comment on column public.tag_minutes.wide_highs is 'By position, the highest value of such tags; null if none.';
comment on column public.tag_minutes.wide_means is 'By position, the mean of such tags; null if none.';
comment on column public.tag_minutes.counts is
  'By position, how many samples have a value; null = each tag has one in every sample (rows).';
comment on column public.tag_minutes.bads is 'By position, how many samples have a quality instead; null = none.';

-- Updated every two seconds, as tag_leases is.
create table public.tag_states (
  group_id integer primary key references public.tag_groups (id) on delete cascade,
  runner text check (runner in ('cloud', 'edge')),
  state text check (state ~ '^[a-z_]{1,40}$'),
  flushed_at timestamptz,
  last_poll_at timestamptz,
  last_good_at timestamptz,
  success_count bigint not null default 0,
  error_count bigint not null default 0,
  last_error_code text,
  last_error text,
  last_error_at timestamptz,
  failing_since timestamptz,
  queue_length integer,
  queue_highest integer,
  queue_limit integer,
  dropped_count bigint not null default 0,
  dropped_at timestamptz,
  jitter_ms real,
  read_ms real,
  cpu_percent real,
  memory_mb real,
  rolled_until timestamptz not null default '-infinity'
) with (fillfactor = 40);

comment on table public.tag_states is
  'How the polling of each group goes, as its holder last said. Whoever changes anything of a group locks its row first.';
comment on column public.tag_states.group_id is 'The group.';
comment on column public.tag_states.runner is 'Who polls or polled last: cloud or edge.';
comment on column public.tag_states.state is 'What its holder said last, such as polling or failing; null before.';
comment on column public.tag_states.flushed_at is 'When its holder was last heard of (UTC).';
comment on column public.tag_states.last_poll_at is 'The newest slot that was tried (UTC).';
comment on column public.tag_states.last_good_at is 'The newest slot that was read (UTC).';
comment on column public.tag_states.success_count is 'Slots that were read, since the group was made.';
comment on column public.tag_states.error_count is 'Slots that failed, since the group was made.';
comment on column public.tag_states.last_error_code is 'Code of the last error (docs/operations.md); null before the first.';
comment on column public.tag_states.last_error is 'What failed last; null before the first.';
comment on column public.tag_states.last_error_at is 'When that was (UTC).';
comment on column public.tag_states.failing_since is 'Since when every slot has failed (UTC); null while it goes well.';
comment on column public.tag_states.queue_length is 'Samples that wait to be stored.';
comment on column public.tag_states.queue_highest is 'The most that ever waited in the present burst.';
comment on column public.tag_states.queue_limit is 'How many can wait before the oldest are dropped.';
comment on column public.tag_states.dropped_count is 'Samples that were dropped because too many waited, since the group was made.';
comment on column public.tag_states.dropped_at is 'When samples were dropped last (UTC); null = never.';
comment on column public.tag_states.jitter_ms is 'How late slots begin (milliseconds).';
comment on column public.tag_states.read_ms is 'How long a read takes (milliseconds).';
comment on column public.tag_states.cpu_percent is 'Processor time of the burst, all its groups together (percent of one core).';
comment on column public.tag_states.memory_mb is 'Memory of the burst, all its groups together (MB).';
comment on column public.tag_states.rolled_until is 'Up to where tag_minutes has been worked out (UTC).';

create table public.tag_commands (
  id bigint generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  group_id integer references public.tag_groups (id) on delete cascade,
  kind text not null check (kind in ('start', 'stop')),
  requested_by uuid default auth.uid(),
  requested_by_name text check (requested_by_name ~ '\S' and length(requested_by_name) <= 200),
  requested_at timestamptz not null default clock_timestamp(),
  heard_at timestamptz,
  done_at timestamptz
);

create index tag_commands_requested_idx on public.tag_commands (requested_at, id);
create index tag_commands_group_idx on public.tag_commands (group_id);
create index tag_commands_open_idx on public.tag_commands (plant)
where done_at is null;

comment on table public.tag_commands is
  'What operators ask of the polling. A row starts or stops at once; the burst hears it at its next call, within 2 s.';
comment on column public.tag_commands.id is 'Key.';
comment on column public.tag_commands.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.tag_commands.group_id is 'The group; null = all groups of the plant.';
comment on column public.tag_commands.kind is 'start or stop.';
comment on column public.tag_commands.requested_by is 'User who asked; null when it was done without a user account.';
comment on column public.tag_commands.requested_by_name is 'Who asked when it was done without a user account.';
comment on column public.tag_commands.requested_at is 'When (UTC).';
comment on column public.tag_commands.heard_at is 'When a burst first heard it (UTC); null before.';
comment on column public.tag_commands.done_at is
  'When nobody polled any more what was stopped, or all that was started was polled (UTC); null before.';

create table public.tag_triggers (
  id bigint generated always as identity primary key,
  token uuid not null unique,
  group_id integer not null references public.tag_groups (id) on delete cascade,
  requested_at timestamptz not null,
  requested_by text,
  slot timestamptz,
  outcome text check (outcome in ('succeeded', 'partial', 'failed')),
  tag_count integer check (tag_count >= 0),
  bad_count integer check (bad_count >= 0),
  took_ms integer check (took_ms >= 0),
  error_code text,
  result jsonb,
  finished_at timestamptz
);

create index tag_triggers_group_idx on public.tag_triggers (group_id, requested_at desc);
create index tag_triggers_requested_idx on public.tag_triggers (requested_at, id);

comment on table public.tag_triggers is 'One row per read of a handshake group that somebody asked for.';
comment on column public.tag_triggers.id is 'Key.';
comment on column public.tag_triggers.token is 'Token that the caller made: a repeated call finds it.';
comment on column public.tag_triggers.group_id is 'The group.';
comment on column public.tag_triggers.requested_at is 'When it was asked for (UTC).';
comment on column public.tag_triggers.requested_by is 'Who asked.';
comment on column public.tag_triggers.slot is 'The time of its sample in tag_samples (UTC); null without one.';
comment on column public.tag_triggers.outcome is
  'succeeded; partial (some tags are bad); failed (nothing was read); null while it runs or if it was never heard of again.';
comment on column public.tag_triggers.tag_count is 'How many tags were read.';
comment on column public.tag_triggers.bad_count is 'How many of them have no value.';
comment on column public.tag_triggers.took_ms is 'How long it took (milliseconds).';
comment on column public.tag_triggers.error_code is 'Code of the error (docs/operations.md); null without one.';
comment on column public.tag_triggers.result is 'What the caller was answered; null while it runs.';
comment on column public.tag_triggers.finished_at is 'When it ended (UTC); null while it runs.';

create function public.remove_tag_rows()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  delete from public.tag_samples as s where s.group_id = old.id;
  delete from public.tag_minutes as m where m.group_id = old.id;
  return null;
end;
$$;

comment on function public.remove_tag_rows() is 'Removes the samples and minutes of a group that is deleted.';

create trigger remove_tag_rows after delete on public.tag_groups
for each row execute function public.remove_tag_rows();

alter table public.tag_leases enable row level security;
alter table public.tag_samples enable row level security;
alter table public.tag_minutes enable row level security;
alter table public.tag_states enable row level security;
alter table public.tag_commands enable row level security;
alter table public.tag_triggers enable row level security;

create policy members_read on public.tag_leases
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy members_read on public.tag_samples
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy members_read on public.tag_minutes
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy members_read on public.tag_states
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy members_read on public.tag_triggers
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy members_read on public.tag_commands
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

create policy operators_and_managers_command on public.tag_commands
for insert to authenticated
with check (
  requested_by = (select auth.uid())
  and (
    plant in (
      select m.plant from public.plant_members as m
      where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
    )
    or exists (
      select 1 from public.plant_members as m
      where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
    )
  )
);

revoke all on table public.tag_leases from public, anon, authenticated, service_role;
revoke all on table public.tag_samples from public, anon, authenticated, service_role;
revoke all on table public.tag_minutes from public, anon, authenticated, service_role;
revoke all on table public.tag_states from public, anon, authenticated, service_role;
revoke all on table public.tag_commands from public, anon, authenticated, service_role;
revoke all on table public.tag_triggers from public, anon, authenticated, service_role;
revoke all on function public.remove_tag_rows() from public, anon, authenticated, service_role;
revoke all on sequence public.tag_commands_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.tag_triggers_id_seq from public, anon, authenticated, service_role;
grant select on table public.tag_leases, public.tag_samples, public.tag_minutes, public.tag_states to authenticated;
grant select on table public.tag_commands, public.tag_triggers to authenticated;
grant insert (plant, group_id, kind) on table public.tag_commands to authenticated;
grant select, insert, update, delete on table public.tag_leases to service_role;
grant select, insert, update, delete on table public.tag_samples to service_role;
grant select, insert, update, delete on table public.tag_minutes to service_role;
grant select, insert, update, delete on table public.tag_states to service_role;
grant select, insert, update, delete on table public.tag_commands to service_role;
grant select, insert, update, delete on table public.tag_triggers to service_role;
