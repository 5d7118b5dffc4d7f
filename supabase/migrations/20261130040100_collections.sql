-- How a collection went, which values are missing or in doubt, and what could not be stored had no place.
-- New tables: old code is not touched.

set lock_timeout = '2s';

create table public.collections (
  id bigint generated always as identity primary key,
  run_id bigint not null,
  pipeline text not null check (btrim(pipeline) <> ''),
  source text not null check (btrim(source) <> ''),
  kind text not null check (btrim(kind) <> ''),
  subject text not null check (btrim(subject) <> ''),
  asked_from timestamptz not null,
  asked_until timestamptz not null,
  started_at timestamptz not null check (isfinite(started_at)),
  ended_at timestamptz not null,
  status text not null check (status in ('succeeded', 'empty', 'skipped', 'failed')),
  points_read integer not null default 0 check (points_read >= 0),
  points_new integer not null default 0 check (points_new >= 0),
  points_revised integer not null default 0 check (points_revised >= 0),
  error_code text,
  error_message text,
  api_ms integer check (api_ms >= 0),
  processing_ms integer check (processing_ms >= 0),
  requests integer check (requests >= 0),
  bytes bigint check (bytes >= 0),
  -- A commit that is repeated writes no second row.
  constraint collections_once unique (run_id, source, kind, subject, asked_from, asked_until, started_at),
  constraint collections_error_check check (status <> 'failed' or error_code is not null)
);

create index collections_started_idx on public.collections (started_at, id);
create index collections_asked_idx on public.collections (source, kind, subject, started_at);

comment on table public.collections is 'One row per question to a publisher: how long it took and what it brought.';
comment on column public.collections.id is 'Key.';
comment on column public.collections.run_id is
  'The run that asked; no foreign key, because rows may stay longer than runs.';
comment on column public.collections.pipeline is 'The pipeline, such as energy_actuals.';
comment on column public.collections.source is 'Who was asked: entsoe, eia, fred or yahoo.';
comment on column public.collections.kind is 'What was asked for, such as load.';
comment on column public.collections.subject is 'The area or the commodity.';
comment on column public.collections.asked_from is 'Start of the span that was asked for, inclusive (UTC).';
comment on column public.collections.asked_until is 'End of the span that was asked for, exclusive (UTC).';
comment on column public.collections.started_at is 'When it was asked (UTC).';
comment on column public.collections.ended_at is 'When the answer was read (UTC).';
comment on column public.collections.status is
  'succeeded; empty (the publisher has no data); skipped (not asked, because the publisher had failed); failed.';
comment on column public.collections.points_read is 'Values in the answer.';
comment on column public.collections.points_new is 'Values for times that had none.';
comment on column public.collections.points_revised is 'Values that replaced others.';
comment on column public.collections.error_code is 'Code of the error (docs/operations.md); null without one.';
comment on column public.collections.error_message is 'What failed, without any secret; null without an error.';
comment on column public.collections.api_ms is 'Time until the last byte, tries included (milliseconds).';
comment on column public.collections.processing_ms is 'Time to read the answer (milliseconds).';
comment on column public.collections.requests is 'Requests that were sent, tries included.';
comment on column public.collections.bytes is 'Size of the answer (bytes).';

create table public.failed_batches (
  id bigint generated always as identity primary key,
  run_id bigint not null,
  source text not null check (btrim(source) <> ''),
  kind text not null check (btrim(kind) <> ''),
  subject text not null check (btrim(subject) <> ''),
  asked_from timestamptz not null,
  asked_until timestamptz not null,
  code text not null check (btrim(code) <> ''),
  message text not null,
  reply text not null default '',
  failed_at timestamptz not null,
  attempts integer not null default 1 check (attempts >= 1),
  resolved_at timestamptz
);

create unique index failed_batches_one_open_idx
on public.failed_batches (source, kind, subject, asked_from, asked_until)
where resolved_at is null;

create index failed_batches_failed_idx on public.failed_batches (failed_at, id);

comment on table public.failed_batches is
  'Replies that could not be read or stored. They can be tried again: plantpulse series retry.';
comment on column public.failed_batches.id is 'Key.';
comment on column public.failed_batches.run_id is 'The run that failed last; no foreign key, as in collections.';
comment on column public.failed_batches.source is 'Who was asked.';
comment on column public.failed_batches.kind is 'What was asked for.';
comment on column public.failed_batches.subject is 'The area or the commodity.';
comment on column public.failed_batches.asked_from is 'Start of the span that was asked for, inclusive (UTC).';
comment on column public.failed_batches.asked_until is 'End of the span that was asked for, exclusive (UTC).';
comment on column public.failed_batches.code is 'Code of the last error (docs/operations.md).';
comment on column public.failed_batches.message is 'What failed last, without any secret.';
comment on column public.failed_batches.reply is 'The beginning of the reply, without any secret; empty without one.';
comment on column public.failed_batches.failed_at is 'When it failed last (UTC).';
comment on column public.failed_batches.attempts is 'In how many runs it has failed.';
comment on column public.failed_batches.resolved_at is 'When another try went well (UTC); null while none did.';

create table public.gaps (
  id bigint generated always as identity primary key,
  "group" text not null check (btrim("group") <> ''),
  starts_at timestamptz not null check (isfinite(starts_at)),
  ends_at timestamptz not null check (isfinite(ends_at)),
  state text not null default 'open' check (state in ('open', 'filled', 'absent')),
  attempts integer not null default 0 check (attempts >= 0),
  found_at timestamptz not null,
  next_attempt_at timestamptz,
  closed_at timestamptz,
  reason text,
  run_id bigint,
  constraint gaps_order_check check (starts_at < ends_at),
  constraint gaps_closed_check check ((state = 'open') = (closed_at is null))
);

create unique index gaps_one_open_idx on public.gaps ("group", starts_at)
where state = 'open';

create index gaps_group_idx on public.gaps ("group", state, ends_at);

-- The oldest first, for the clean-up; an open one is not in it.
create index gaps_closed_idx on public.gaps (closed_at, id)
where closed_at is not null;

comment on table public.gaps is 'Spans for which the series of a group should have values and have none.';
comment on column public.gaps.id is 'Key.';
comment on column public.gaps."group" is 'The group of series (series.group).';
comment on column public.gaps.starts_at is 'Start of what is missing (UTC).';
comment on column public.gaps.ends_at is 'End of what is missing (UTC).';
comment on column public.gaps.state is
  'open; filled (there are values now); absent (the publisher has none, and is not asked again).';
comment on column public.gaps.attempts is 'In how many runs it was asked for again.';
comment on column public.gaps.found_at is 'When it was found (UTC).';
comment on column public.gaps.next_attempt_at is 'From when on it is asked for again (UTC); null when it is not.';
comment on column public.gaps.closed_at is 'When it was filled or given up (UTC); null while it is open.';
comment on column public.gaps.reason is 'Why the last attempt brought nothing, or why it was given up; null if unknown.';
comment on column public.gaps.run_id is 'The run that tried last; null before the first attempt.';

create table public.series_flags (
  id bigint generated always as identity primary key,
  series_id integer not null references public.series (id),
  at timestamptz not null check (isfinite(at)),
  value numeric,
  reason text not null check (btrim(reason) <> ''),
  flagged_at timestamptz not null,
  constraint series_flags_once unique (series_id, at, reason)
);

create index series_flags_at_idx on public.series_flags (at, id);

comment on table public.series_flags is 'Values that are invalid or suspect, and why.';
comment on column public.series_flags.id is 'Key.';
comment on column public.series_flags.series_id is 'The series.';
comment on column public.series_flags.at is 'Start of the interval (UTC).';
comment on column public.series_flags.value is
  'The value that was flagged. If the point has another one now, it was corrected since.';
comment on column public.series_flags.reason is 'Why it is invalid or suspect.';
comment on column public.series_flags.flagged_at is 'When it was flagged (UTC).';

create table public.series_quality (
  id bigint generated always as identity primary key,
  series_id integer not null references public.series (id),
  day date not null,
  due_minutes integer not null check (due_minutes >= 0),
  covered_minutes integer not null check (covered_minutes >= 0),
  timely_minutes integer not null check (timely_minutes >= 0),
  points integer not null check (points >= 0),
  invalid integer not null check (invalid >= 0),
  suspect integer not null check (suspect >= 0),
  completeness numeric check (completeness between 0 and 1),
  timeliness numeric check (timeliness between 0 and 1),
  accuracy numeric check (accuracy between 0 and 1),
  computed_at timestamptz not null,
  first_completeness numeric check (first_completeness between 0 and 1),
  first_accuracy numeric check (first_accuracy between 0 and 1),
  first_computed_at timestamptz not null,
  constraint series_quality_once unique (series_id, day)
);

create index series_quality_day_idx on public.series_quality (day, id);

comment on table public.series_quality is 'How good a local day of a series is.';
comment on column public.series_quality.id is 'Key.';
comment on column public.series_quality.series_id is 'The series.';
comment on column public.series_quality.day is 'The local day, in the zone of the series.';
comment on column public.series_quality.due_minutes is 'How much of the day is due (minutes).';
comment on column public.series_quality.covered_minutes is 'How much of it has values (minutes).';
comment on column public.series_quality.timely_minutes is 'How much of it was known when it was due (minutes).';
comment on column public.series_quality.points is 'Values of the day.';
comment on column public.series_quality.invalid is 'Values that cannot be.';
comment on column public.series_quality.suspect is 'Values that stand out.';
comment on column public.series_quality.completeness is 'Covered minutes over due minutes, 0 to 1; null if none is due.';
comment on column public.series_quality.timeliness is 'Timely minutes over due minutes, 0 to 1; null if none is due.';
comment on column public.series_quality.accuracy is 'Share of values that are neither invalid nor suspect, 0 to 1.';
comment on column public.series_quality.computed_at is 'When it was computed last with another result (UTC).';
comment on column public.series_quality.first_completeness is 'Completeness as it was computed first.';
comment on column public.series_quality.first_accuracy is 'Accuracy as it was computed first.';
comment on column public.series_quality.first_computed_at is 'When it was computed first (UTC).';

alter table public.collections enable row level security;
alter table public.failed_batches enable row level security;
alter table public.gaps enable row level security;
alter table public.series_flags enable row level security;
alter table public.series_quality enable row level security;

create policy members_read on public.collections
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.failed_batches
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.gaps
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.series_flags
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

create policy members_read on public.series_quality
for select to authenticated
using (exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid())));

revoke all on table public.collections from public, anon, authenticated, service_role;
revoke all on table public.failed_batches from public, anon, authenticated, service_role;
revoke all on table public.gaps from public, anon, authenticated, service_role;
revoke all on table public.series_flags from public, anon, authenticated, service_role;
revoke all on table public.series_quality from public, anon, authenticated, service_role;
revoke all on sequence public.collections_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.failed_batches_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.gaps_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.series_flags_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.series_quality_id_seq from public, anon, authenticated, service_role;
grant select on table public.collections to authenticated;
grant select on table public.failed_batches to authenticated;
grant select on table public.gaps to authenticated;
grant select on table public.series_flags to authenticated;
grant select on table public.series_quality to authenticated;
grant select, insert, update, delete on table public.collections to service_role;
grant select, insert, update, delete on table public.failed_batches to service_role;
grant select, insert, update, delete on table public.gaps to service_role;
grant select, insert, update, delete on table public.series_flags to service_role;
grant select, insert, update, delete on table public.series_quality to service_role;
