-- What is wrong was seen by runs and by health, and nobody was told. An alert is an episode: it opens, may get worse, is
-- acknowledged, and ends. `notifications` says what each channel was told of it: a state, from which the next message is
-- worked out when it is claimed, so that a silence or a recovery in between counts (docs/alerts.md, decision 0083).
-- New tables: the old code keeps working.

set lock_timeout = '2s';

-- An enum, because its values have an order: a message is due when an alert gets worse.
create type public.alert_severity as enum ('info', 'warning', 'critical');

create table public.alerts (
  id bigint generated always as identity primary key,
  rule text not null check (rule ~ '^[a-z][a-z0-9_]{0,59}$'),
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  scope text not null check (scope ~ '^[a-z][a-z0-9_]{0,59}$'),
  subject text not null default '' check (length(subject) <= 300),
  fingerprint text not null generated always as (
    scope || '/' || plant || '/' || rule || case when subject = '' then '' else '/' || subject end
  ) stored,
  severity public.alert_severity not null,
  facts jsonb not null default '{}' check (jsonb_typeof(facts) = 'object'),
  opened_at timestamptz not null,
  observed_at timestamptz not null,
  last_seen_at timestamptz not null,
  reopened integer not null default 0,
  is_told_when_over boolean not null default false,
  is_event boolean not null default false,
  safety_event_id bigint references public.safety_events (id) on delete cascade,
  is_acknowledged boolean not null default false,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  acknowledged_by_name text check (acknowledged_by_name <> ''),
  resolved_at timestamptz,
  constraint alerts_times_check check (opened_at <= resolved_at),
  constraint alerts_acknowledged_check check (
    is_acknowledged = (acknowledged_at is not null)
    and is_acknowledged = (acknowledged_by is not null or acknowledged_by_name is not null)
  )
);

create unique index alerts_one_open_idx on public.alerts (fingerprint) where resolved_at is null;

create index alerts_open_idx on public.alerts (plant, scope) where resolved_at is null;

create index alerts_ended_idx on public.alerts (fingerprint, resolved_at desc) where resolved_at is not null;

create index alerts_resolved_idx on public.alerts (resolved_at, id) where resolved_at is not null;

create index alerts_plant_idx on public.alerts (plant, opened_at desc, id desc);

-- An incident has one alert for ever.
create unique index alerts_safety_event_idx on public.alerts (safety_event_id);

comment on table public.alerts is 'Episodes of something wrong. At most one of a fingerprint is open.';
comment on column public.alerts.id is 'Key.';
comment on column public.alerts.rule is 'The rule that fired, such as overdue (docs/alerts.md).';
comment on column public.alerts.plant is 'Key of the plant in plantpulse.yaml; (all plants) or (no plant) as in pipeline_runs.';
comment on column public.alerts.scope is 'What was looked at: a pipeline, safety or channels.';
comment on column public.alerts.subject is 'What exactly, if a rule may fire more than once there: an asset, an event, a day; else empty.';
comment on column public.alerts.fingerprint is 'scope/plant/rule/subject: what makes two observations one alert.';
comment on column public.alerts.severity is 'The worst that was seen: info, warning or critical.';
comment on column public.alerts.facts is 'What its message is made of, by name: figures, names, instants (UTC).';
comment on column public.alerts.opened_at is 'When it was first seen (UTC).';
comment on column public.alerts.observed_at is 'The instant of the newest look that was written down (UTC); an older one neither ends it nor opens it again.';
comment on column public.alerts.last_seen_at is 'When it was last seen to fire (UTC); at most five minutes old while it fires at every look.';
comment on column public.alerts.reopened is 'How often it fired again within ten minutes of its end.';
comment on column public.alerts.is_told_when_over is 'Whether a channel that could not be told in time is told afterwards.';
comment on column public.alerts.is_event is 'Whether it is told once and has no end, such as a run that succeeded.';
comment on column public.alerts.safety_event_id is 'The incident it is about: to acknowledge that ends it; null for other rules.';
comment on column public.alerts.is_acknowledged is 'Whether somebody takes care of it: it is not repeated then. Cannot be taken back by a user.';
comment on column public.alerts.acknowledged_at is 'When it was acknowledged (UTC), written by the database.';
comment on column public.alerts.acknowledged_by is 'User who acknowledged it; kept when the account is deleted.';
comment on column public.alerts.acknowledged_by_name is 'Who acknowledged it when it was done without a user account.';
comment on column public.alerts.resolved_at is 'When it ended (UTC); null while it is open.';

create table public.alert_history (
  id bigint generated always as identity primary key,
  alert_id bigint not null references public.alerts (id) on delete cascade,
  at timestamptz not null,
  what text not null check (what in ('opened', 'worse', 'resolved', 'reopened', 'acknowledged', 'told')),
  by_name text,
  channel text,
  message_key text,
  occasion text,
  severity public.alert_severity
);

create index alert_history_alert_idx on public.alert_history (alert_id, at);

create index alert_history_told_idx on public.alert_history (channel, at) where what = 'told';

comment on table public.alert_history is 'What happened to each alert, and when each channel was told of it.';
comment on column public.alert_history.id is 'Key.';
comment on column public.alert_history.alert_id is 'The alert.';
comment on column public.alert_history.at is 'When (UTC).';
comment on column public.alert_history.what is 'opened, worse, resolved, reopened, acknowledged or told.';
comment on column public.alert_history.by_name is 'Who did it, where a person did.';
comment on column public.alert_history.channel is 'The channel that was told; null otherwise.';
comment on column public.alert_history.message_key is 'The message that told it; one message may be about many alerts.';
comment on column public.alert_history.occasion is 'What was told: fired, worse, repeat, over or resolved.';
comment on column public.alert_history.severity is 'The severity from then on, or that was told.';

create table public.silences (
  id bigint generated always as identity primary key,
  plant text check (btrim(plant) <> '' and plant <> '*'),
  rule text,
  fingerprint text,
  starts_at timestamptz not null default now(),
  ends_at timestamptz not null,
  why text not null check (why ~ '\S' and length(why) <= 1000),
  created_at timestamptz not null default now(),
  created_by uuid default auth.uid(),
  created_by_name text check (created_by_name <> ''),
  constraint silences_span_check check (ends_at >= starts_at and ends_at <= starts_at + interval '90 days'),
  constraint silences_creator_check check (created_by is not null or created_by_name is not null)
);

create index silences_ends_idx on public.silences (ends_at, id);

comment on table public.silences is 'What nobody wants to hear of for a while, and why. Alerts go on, only their messages wait.';
comment on column public.silences.id is 'Key.';
comment on column public.silences.plant is 'Only alerts of this plant; null = of every plant.';
comment on column public.silences.rule is 'Only alerts of this rule; null = of every rule.';
comment on column public.silences.fingerprint is 'Only the alert with this fingerprint; null = every alert.';
comment on column public.silences.starts_at is 'From when (UTC).';
comment on column public.silences.ends_at is 'Until when (UTC), at most 90 days later; what still fires is told then.';
comment on column public.silences.why is 'Why, in words.';
comment on column public.silences.created_at is 'When it was made (UTC).';
comment on column public.silences.created_by is 'User who made it; null when it was made without a user account.';
comment on column public.silences.created_by_name is 'Who made it when it was done without a user account.';

create table public.alert_channels (
  name text primary key check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  first_seen_at timestamptz not null,
  last_sent_at timestamptz,
  failing_since timestamptz,
  failures integer not null default 0,
  next_try_at timestamptz not null default '-infinity',
  error text
);

comment on table public.alert_channels is 'How each channel of plantpulse.yaml does: a failing one is not tried at every sweep.';
comment on column public.alert_channels.name is 'The channel''s name in plantpulse.yaml.';
comment on column public.alert_channels.first_seen_at is 'When it was first asked what it is to be told (UTC); what was over before is not told.';
comment on column public.alert_channels.last_sent_at is 'When it last accepted a message (UTC); null before the first.';
comment on column public.alert_channels.failing_since is 'Since when every message has failed (UTC); null while it works.';
comment on column public.alert_channels.failures is 'How many messages have failed since then.';
comment on column public.alert_channels.next_try_at is 'When it may be tried again (UTC).';
comment on column public.alert_channels.error is 'Why the last message failed; null while it works.';

create table public.notifications (
  id bigint generated always as identity primary key,
  alert_id bigint not null references public.alerts (id) on delete cascade,
  channel text not null,
  told text check (told in ('fired', 'worse', 'repeat', 'over', 'resolved')),
  told_severity public.alert_severity,
  told_at timestamptz,
  told_times integer not null default 0,
  next_try_at timestamptz not null default '-infinity',
  attempts integer not null default 0,
  lease uuid,
  lease_expires_at timestamptz,
  claimed text,
  claimed_severity public.alert_severity,
  claimed_at timestamptz,
  is_perhaps_told boolean not null default false,
  is_perhaps_over boolean not null default false,
  left_recipients text[],
  error text,
  constraint notifications_one_idx unique (alert_id, channel),
  constraint notifications_lease_check check ((lease is null) = (lease_expires_at is null))
);

-- What still waits for its end, or was sent by nobody knows whom: with it a sweep need not look at what is long over.
create index notifications_unsettled_idx on public.notifications (channel)
where told in ('fired', 'worse', 'repeat') or lease is not null or left_recipients is not null or is_perhaps_told;

comment on table public.notifications is 'What each channel was told of each alert: a state. The next message is worked out when it is claimed.';
comment on column public.notifications.id is 'Key.';
comment on column public.notifications.alert_id is 'The alert.';
comment on column public.notifications.channel is 'The channel''s name in plantpulse.yaml.';
comment on column public.notifications.told is 'The last thing told: fired, worse, repeat, over (it had ended already, or has no end) or resolved; null = nothing yet.';
comment on column public.notifications.told_severity is 'The severity that was told.';
comment on column public.notifications.told_at is 'When that was worked out (UTC).';
comment on column public.notifications.told_times is 'How many messages were about it.';
comment on column public.notifications.next_try_at is 'When it may be tried again after a failure (UTC).';
comment on column public.notifications.attempts is 'How often it was claimed since the last success.';
comment on column public.notifications.lease is 'Token of the sweep that is sending it; null when nobody is.';
comment on column public.notifications.lease_expires_at is 'Until when nobody else may send it (UTC). If it ends like this, the message was perhaps sent.';
comment on column public.notifications.claimed is 'What is being told under the lease.';
comment on column public.notifications.claimed_severity is 'The severity that is being told under the lease.';
comment on column public.notifications.claimed_at is 'When that was worked out (UTC).';
comment on column public.notifications.is_perhaps_told is 'Whether a lease ran out under which its beginning was told, and nothing was told since.';
comment on column public.notifications.is_perhaps_over is 'Whether a lease ran out under which its end was told, and nothing was told since.';
comment on column public.notifications.left_recipients is 'Recipients that asked to be tried again later, while the others have it; null when none.';
comment on column public.notifications.error is 'Why the last try failed; null after a success.';

alter table public.alerts enable row level security;
alter table public.alert_history enable row level security;
alter table public.silences enable row level security;
alter table public.alert_channels enable row level security;
alter table public.notifications enable row level security;

revoke all on table public.alerts from public, anon, authenticated, service_role;
revoke all on table public.alert_history from public, anon, authenticated, service_role;
revoke all on table public.silences from public, anon, authenticated, service_role;
revoke all on table public.alert_channels from public, anon, authenticated, service_role;
revoke all on table public.notifications from public, anon, authenticated, service_role;
revoke all on sequence public.alerts_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.alert_history_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.silences_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.notifications_id_seq from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.alerts to service_role;
grant select, insert, update, delete on table public.alert_history to service_role;
grant select, insert, update, delete on table public.silences to service_role;
grant select, insert, update, delete on table public.alert_channels to service_role;
grant select, insert, update, delete on table public.notifications to service_role;
grant select on table public.alerts, public.alert_history, public.silences to authenticated;
-- Not the recipients: their addresses are nobody else's.
grant select (
  id, alert_id, channel, told, told_severity, told_at, told_times, next_try_at, attempts, lease_expires_at, claimed,
  claimed_severity, claimed_at, is_perhaps_told, is_perhaps_over, error
) on table public.notifications to authenticated;
grant select on table public.alert_channels to authenticated;
grant update (is_acknowledged) on table public.alerts to authenticated;
grant insert (plant, rule, fingerprint, starts_at, ends_at, why), update (ends_at) on table public.silences
to authenticated;

create policy members_read on public.alerts
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (
    select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*'
  )
  or plant = '(no plant)'
  and exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()))
);

create policy operators_and_managers_acknowledge on public.alerts
for update to authenticated
using (
  plant in (
    select m.plant from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
)
with check (
  plant in (
    select m.plant from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
);

create policy members_read on public.alert_history
for select to authenticated
using (exists (select 1 from public.alerts as a where a.id = alert_id));

-- A silence for every plant is read by every member: it holds for theirs.
create policy members_read on public.silences
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (
    select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*'
  )
  or plant is null
  and exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()))
);

create policy operators_and_managers_silence on public.silences
for insert to authenticated
with check (
  plant in (
    select m.plant from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
);

create policy operators_and_managers_end_silences on public.silences
for update to authenticated
using (
  plant in (
    select m.plant from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
)
with check (
  plant in (
    select m.plant from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager')
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role in ('operator', 'manager') and m.plant = '*'
  )
);

create policy members_of_all_plants_read on public.alert_channels
for select to authenticated
using (
  exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

create policy members_of_all_plants_read on public.notifications
for select to authenticated
using (
  exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);
