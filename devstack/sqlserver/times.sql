-- Dates and times as T-SQL has them: `datetimeoffset`, zones with Windows names, the functions on dates, times of
-- day and instants, and CONVERT's styles. Part of the schema `mssql`, after functions.sql; runs any number of times.
--
-- An error whose number SQL Server documents is raised with the SQLSTATE 'T' and the number ('T9820').
-- Source: "datetimeoffset", "AT TIME ZONE", "DATEPART", "DATEDIFF", "DATEADD", "CAST and CONVERT" of Transact-SQL.

-- Zones: Windows names and what the tz database calls them; `store.install` fills it ------------------

create table if not exists mssql.time_zone (name text primary key, zone text not null);

create or replace function mssql.zone_named(wanted text) returns text
language plpgsql stable strict
as $$
declare
  found text;
begin
  select known.zone into found from mssql.time_zone as known
  where pg_catalog.lower(known.name collate "C") operator(pg_catalog.=) pg_catalog.lower(wanted collate "C");
  if found is null then
    raise exception using errcode = 'T9820',
      message = format('The time zone parameter ''%s'' provided to AT TIME ZONE clause is invalid.', wanted);
  end if;
  return found;
end
$$;

-- datetimeoffset: an instant and the offset that it is shown with, kept as SQL Server writes it -------
-- A text without an offset is UTC. The digits of its fraction are those of the type.

do $type$
begin
  if to_regtype('mssql.datetimeoffset') is null then
    create type mssql.datetimeoffset;
    create function mssql.datetimeoffset_in(cstring) returns mssql.datetimeoffset language internal immutable strict as 'textin';
    create function mssql.datetimeoffset_out(mssql.datetimeoffset) returns cstring language internal immutable strict as 'textout';
    create function mssql.datetimeoffset_recv(internal) returns mssql.datetimeoffset language internal stable strict as 'textrecv';
    create function mssql.datetimeoffset_send(mssql.datetimeoffset) returns bytea language internal stable strict as 'textsend';
    create function mssql.datetimeoffset_typmod_in(cstring[]) returns integer language internal immutable strict as 'timestamptztypmodin';
    create function mssql.datetimeoffset_typmod_out(integer) returns cstring language internal immutable strict as 'timestamptztypmodout';
    create type mssql.datetimeoffset (
      input = mssql.datetimeoffset_in, output = mssql.datetimeoffset_out,
      receive = mssql.datetimeoffset_recv, send = mssql.datetimeoffset_send,
      typmod_in = mssql.datetimeoffset_typmod_in, typmod_out = mssql.datetimeoffset_typmod_out,
      internallength = variable, alignment = int4, storage = extended, category = 'D');
    create cast (mssql.datetimeoffset as text) without function as assignment;
    create cast (text as mssql.datetimeoffset) without function as assignment;
  end if;
end
$type$;

create or replace function mssql.instant(value mssql.datetimeoffset) returns timestamptz
language sql immutable strict
return (
  case when value::text ~ '^\s*\d{1,2}:' then '1900-01-01 ' else '' end
  || value::text
  || case when value::text ~ '([+-]\d\d:\d\d|[Zz])\s*$' then '' else ' +00:00' end
)::timestamptz;

create or replace function mssql.offset_minutes(value text) returns integer
language sql immutable strict
return coalesce(
  (
    select case when part[1] = '-' then -1 else 1 end * (part[2]::integer * 60 + part[3]::integer)
    from regexp_match(value, '([+-])(\d\d):(\d\d)\s*$') as part
  ),
  0);

create or replace function mssql.offset_minutes(value mssql.datetimeoffset) returns integer
language sql immutable strict return mssql.offset_minutes(value::text);

create or replace function mssql.digits(value mssql.datetimeoffset) returns integer
language sql immutable strict return coalesce(length(substring(value::text from '\.(\d+)')), 0);

create or replace function mssql.digits(value timestamp) returns integer
language sql immutable strict
return case
  when extract(microseconds from value)::integer % 1000000 = 0 then 0
  when extract(microseconds from value)::integer % 1000 = 0 then 3
  else 7
end;

create or replace function mssql.offset_text(minutes integer) returns text
language sql immutable strict
return case when minutes < 0 then '-' else '+' end
  || lpad((abs(minutes) / 60)::text, 2, '0') || ':' || lpad((abs(minutes) % 60)::text, 2, '0');

create or replace function mssql.at_offset(at timestamptz, minutes integer, digits integer) returns mssql.datetimeoffset
language sql immutable strict
return (
  select to_char(wall, 'YYYY-MM-DD HH24:MI:SS')
    || case when digits > 0 then '.' || rpad(left(to_char(wall, 'US'), digits), digits, '0') else '' end
    || ' ' || mssql.offset_text(minutes)
  from (
    select pg_catalog."timestamp"((at at time zone 'UTC') + minutes * interval '1 minute', least(digits, 6)) as wall
  ) as shown
)::mssql.datetimeoffset;

create or replace function mssql.wall_clock(value mssql.datetimeoffset) returns timestamp
language sql immutable strict
return (mssql.instant(value) at time zone 'UTC') + mssql.offset_minutes(value) * interval '1 minute';

-- The length coercion: every value in a column and every CAST passes here.
create or replace function mssql.datetimeoffset(value mssql.datetimeoffset, digits integer)
returns mssql.datetimeoffset
language sql immutable strict
return mssql.at_offset(
  mssql.instant(value), mssql.offset_minutes(value), case when digits between 0 and 5 then digits else 7 end);

create or replace function mssql.datetimeoffset(value text) returns mssql.datetimeoffset
language sql immutable strict
return mssql.at_offset(mssql.instant(value::mssql.datetimeoffset), mssql.offset_minutes(value), 7);

create or replace function mssql.datetimeoffset(value timestamp) returns mssql.datetimeoffset
language sql immutable strict return mssql.at_offset(value at time zone 'UTC', 0, mssql.digits(value));

create or replace function mssql.datetimeoffset(value date) returns mssql.datetimeoffset
language sql immutable strict return mssql.datetimeoffset(value::timestamp);

create or replace function mssql.as_timestamp(value time) returns timestamp
language sql immutable strict return date '1900-01-01' + value;

create or replace function mssql.datetimeoffset(value time) returns mssql.datetimeoffset
language sql immutable strict return mssql.datetimeoffset(mssql.as_timestamp(value));

create or replace function mssql.as_date(value mssql.datetimeoffset) returns date
language sql immutable strict return mssql.wall_clock(value)::date;

create or replace function mssql.as_time(value mssql.datetimeoffset) returns time
language sql immutable strict return mssql.wall_clock(value)::time;

do $casts$
begin
  if not exists (select from pg_cast where castsource = 'time'::regtype and casttarget = 'timestamp'::regtype) then
    create cast (mssql.datetimeoffset as mssql.datetimeoffset)
      with function mssql.datetimeoffset(mssql.datetimeoffset, integer) as implicit;
    create cast (timestamp as mssql.datetimeoffset) with function mssql.datetimeoffset(timestamp) as implicit;
    create cast (date as mssql.datetimeoffset) with function mssql.datetimeoffset(date) as assignment;
    create cast (time as mssql.datetimeoffset) with function mssql.datetimeoffset(time) as assignment;
    create cast (mssql.datetimeoffset as timestamp) with function mssql.wall_clock(mssql.datetimeoffset) as assignment;
    create cast (mssql.datetimeoffset as date) with function mssql.as_date(mssql.datetimeoffset) as assignment;
    create cast (mssql.datetimeoffset as time) with function mssql.as_time(mssql.datetimeoffset) as assignment;
    create cast (time as timestamp) with function mssql.as_timestamp(time) as implicit;
  end if;
end
$casts$;

-- Compared as instants; a value of another type is taken for UTC, because datetimeoffset has the higher precedence.

create or replace function mssql.compare(one mssql.datetimeoffset, other mssql.datetimeoffset) returns integer
language sql immutable strict
return case
  when mssql.instant(one) < mssql.instant(other) then -1
  when mssql.instant(one) > mssql.instant(other) then 1
  else 0
end;

do $operators$
declare
  operator text;
  operands text[];
  position integer := 0;
  name text;
begin
  foreach operator in array array['=', '<>', '<', '<=', '>', '>='] loop
    foreach operands slice 1 in array array[
      array['mssql.datetimeoffset', 'mssql.datetimeoffset'],
      array['mssql.datetimeoffset', 'timestamp'], array['timestamp', 'mssql.datetimeoffset'],
      array['mssql.datetimeoffset', 'date'], array['date', 'mssql.datetimeoffset']
    ] loop
      position := position + 1;
      name := format('compare_instants_%s', position);
      execute format(
        'create or replace function mssql.%I(%s, %s) returns boolean language sql immutable strict
         return mssql.compare($1::mssql.datetimeoffset, $2::mssql.datetimeoffset) operator(pg_catalog.%s) 0',
        name, operands[1], operands[2], operator);
      if to_regoperator(format('mssql.%s(%s,%s)', operator, operands[1], operands[2])) is null then
        execute format('create operator mssql.%s (function = mssql.%I, leftarg = %s, rightarg = %s)',
          operator, name, operands[1], operands[2]);
      end if;
    end loop;
  end loop;
  if not exists (select from pg_opclass where opcname = 'datetimeoffset_ops') then
    create operator class mssql.datetimeoffset_ops default for type mssql.datetimeoffset using btree as
      operator 1 mssql.<, operator 2 mssql.<=, operator 3 mssql.=, operator 4 mssql.>=, operator 5 mssql.>,
      function 1 mssql.compare(mssql.datetimeoffset, mssql.datetimeoffset);
  end if;
end
$operators$;

create or replace function mssql.later(one mssql.datetimeoffset, other mssql.datetimeoffset)
returns mssql.datetimeoffset
language sql immutable strict return case when mssql.compare(one, other) < 0 then other else one end;

create or replace function mssql.earlier(one mssql.datetimeoffset, other mssql.datetimeoffset)
returns mssql.datetimeoffset
language sql immutable strict return case when mssql.compare(one, other) > 0 then other else one end;

create or replace aggregate mssql.max(mssql.datetimeoffset) (sfunc = mssql.later, stype = mssql.datetimeoffset);
create or replace aggregate mssql.min(mssql.datetimeoffset) (sfunc = mssql.earlier, stype = mssql.datetimeoffset);

-- The keys of these types are the values; without these two casts would fit `mssql.k`.
create or replace function mssql.k(value timestamp) returns timestamp language sql immutable parallel safe return value;
create or replace function mssql.k(value date) returns date language sql immutable parallel safe return value;
create or replace function mssql.k(value time) returns time language sql immutable parallel safe return value;
create or replace function mssql.k(value mssql.datetimeoffset) returns mssql.datetimeoffset
language sql immutable parallel safe return value;

-- AT TIME ZONE --------------------------------------------------------------------------------------
-- A wall-clock time that was shown twice is the earlier instant; one that was skipped is read as before the change.

create or replace function mssql.local_instant(wall timestamp, zone text) returns timestamptz
language sql stable strict
return coalesce(
  (
    select min((wall at time zone zone) - back * interval '1 minute')
    from unnest(array[0, 20, 30, 45, 60, 90, 120]) as back
    where ((wall at time zone zone) - back * interval '1 minute') at time zone zone = wall
  ),
  wall at time zone zone);

create or replace function mssql.shown_in(at timestamptz, zone text, digits integer) returns mssql.datetimeoffset
language sql stable strict
return mssql.at_offset(
  at, (extract(epoch from (at at time zone zone) - (at at time zone 'UTC')) / 60)::integer, digits);

create or replace function mssql.at_time_zone(value timestamp, zone text) returns mssql.datetimeoffset
language sql stable strict
return mssql.shown_in(
  mssql.local_instant(value, mssql.zone_named(zone)), mssql.zone_named(zone), mssql.digits(value));

create or replace function mssql.at_time_zone(value mssql.datetimeoffset, zone text) returns mssql.datetimeoffset
language sql stable strict
return mssql.shown_in(mssql.instant(value), mssql.zone_named(zone), mssql.digits(value));

create or replace function mssql.refuse(number integer, message text) returns integer
language plpgsql
as $$
begin
  raise exception using errcode = 'T' || lpad(number::text, 4, '0'), message = message;
end
$$;

do $refusals$
declare
  refused text[];
begin
  foreach refused slice 1 in array array[array['text', 'varchar'], array['date', 'date'], array['time', 'time']] loop
    execute format(
      'create or replace function mssql.at_time_zone(value %s, zone text) returns mssql.datetimeoffset language sql
       return mssql.refuse(8116, ''Argument data type %s is invalid for argument 1 of AT TIME ZONE function.'')::text::mssql.datetimeoffset',
      refused[1], refused[2]);
  end loop;
end
$refusals$;

create or replace function mssql.switchoffset(value mssql.datetimeoffset, minutes integer) returns mssql.datetimeoffset
language sql immutable strict return mssql.at_offset(mssql.instant(value), minutes, mssql.digits(value));
create or replace function mssql.switchoffset(value mssql.datetimeoffset, shown text) returns mssql.datetimeoffset
language sql immutable strict return mssql.switchoffset(value, mssql.offset_minutes(shown));

create or replace function mssql.todatetimeoffset(value timestamp, minutes integer) returns mssql.datetimeoffset
language sql immutable strict
return mssql.at_offset((value at time zone 'UTC') - minutes * interval '1 minute', minutes, mssql.digits(value));
create or replace function mssql.todatetimeoffset(value timestamp, shown text) returns mssql.datetimeoffset
language sql immutable strict return mssql.todatetimeoffset(value, mssql.offset_minutes(shown));

create or replace view mssql.time_zone_info as
select known.name,
  mssql.offset_text(
    (extract(epoch from (now() at time zone known.zone) - (now() at time zone 'UTC')) / 60)::integer
  ) as current_utc_offset,
  (
    (now() at time zone known.zone) - (now() at time zone 'UTC')
    > least(
      (date_trunc('year', now()) at time zone known.zone) - (date_trunc('year', now()) at time zone 'UTC'),
      (date_trunc('year', now()) + interval '6 months') at time zone known.zone
        - ((date_trunc('year', now()) + interval '6 months') at time zone 'UTC'))
  )::integer::mssql.bit as is_currently_dst
from mssql.time_zone as known;

-- The clock: `mssql.now` when the stand-in was given one, else the statement's own time ---------------
-- The session's TimeZone is the server's, so `localtime` is what GETDATE() gives there.

create or replace function mssql.clock() returns timestamptz
language sql stable
return coalesce(nullif(current_setting('mssql.now', true), '')::timestamptz, statement_timestamp());

create or replace function mssql.sysdatetimeoffset() returns mssql.datetimeoffset
language sql stable return mssql.shown_in(mssql.clock(), current_setting('TimeZone'), 7);

create or replace function mssql.sysutcdatetime() returns timestamp
language sql stable return mssql.clock() at time zone 'UTC';

create or replace function mssql.sysdatetime() returns timestamp
language sql stable return mssql.clock() at time zone current_setting('TimeZone');

create or replace function mssql.getutcdate() returns timestamp
language sql stable return mssql.sysutcdatetime();

create or replace function mssql.getdate() returns timestamp
language sql stable return mssql.sysdatetime();

-- DATEDIFF counts boundaries crossed, it does not measure time ----------------------------------------

-- Immutable, unlike `refuse`: Postgres puts the body of an immutable function into a statement, and leaves of it only the
-- branch of the part that is asked for, if everything in the body is immutable. Called for each row it takes ten times as long.
create or replace function mssql.refuse_datediff(part text) returns integer
language plpgsql immutable
as $$
begin
  return mssql.refuse(9806, format('The datepart %s is not supported by date function datediff.', part));
end
$$;

create or replace function mssql.datediff_big(part text, since timestamp, until timestamp) returns bigint
language sql immutable
return case part
  when 'year' then extract(year from until) - extract(year from since)
  when 'quarter' then 4 * (extract(year from until) - extract(year from since))
    + extract(quarter from until) - extract(quarter from since)
  when 'month' then 12 * (extract(year from until) - extract(year from since))
    + extract(month from until) - extract(month from since)
  when 'week' then (until::date - extract(dow from until)::integer - since::date + extract(dow from since)::integer) / 7
  when 'day' then until::date - since::date
  when 'dayofyear' then until::date - since::date
  when 'weekday' then until::date - since::date
  when 'hour' then extract(epoch from date_trunc('hour', until) - date_trunc('hour', since)) / 3600
  when 'minute' then extract(epoch from date_trunc('minute', until) - date_trunc('minute', since)) / 60
  when 'second' then extract(epoch from date_trunc('second', until) - date_trunc('second', since))
  when 'millisecond' then extract(epoch from date_trunc('milliseconds', until) - date_trunc('milliseconds', since)) * 1000
  when 'microsecond' then extract(epoch from until - since) * 1000000
  when 'nanosecond' then extract(epoch from until - since) * 1000000000
  else mssql.refuse_datediff(part)
end::bigint;

create or replace function mssql.datediff(part text, since timestamp, until timestamp) returns integer
language sql immutable
return mssql.datediff_big(part, since, until)::integer;

-- Dates compare exactly; instants by UTC, and what has no offset is taken for UTC beside them.
do $differences$
declare
  name text;
  result text;
begin
  foreach name in array array['datediff', 'datediff_big'] loop
    result := case name when 'datediff' then 'integer' else 'bigint' end;
    execute format(
      'create or replace function mssql.%1$I(part text, since date, until date) returns %2$s language sql immutable
       return mssql.%1$I(part, since::timestamp, until::timestamp)', name, result);
    execute format(
      'create or replace function mssql.%1$I(part text, since mssql.datetimeoffset, until mssql.datetimeoffset)
       returns %2$s language sql immutable return mssql.%1$I(
         part, mssql.instant(since) at time zone ''UTC'', mssql.instant(until) at time zone ''UTC'')', name, result);
  end loop;
end
$differences$;

-- A part that a type lacks is error 9810 ----------------------------------------------------------------

create or replace function mssql.is_of_clock(part text) returns boolean
language sql immutable strict
return part in ('hour', 'minute', 'second', 'millisecond', 'microsecond', 'nanosecond');

create or replace function mssql.refuse_part(part text, function text, kind text) returns integer
language sql
return mssql.refuse(9810, format('The datepart %s is not supported by date function %s for data type %s.',
  case part when 'tz' then 'tzoffset' else part end, function, kind));

create or replace function mssql.date_interval(part text, amount integer) returns interval
language sql immutable strict
return case part
  when 'year' then make_interval(years => amount)
  when 'quarter' then make_interval(months => 3 * amount)
  when 'month' then make_interval(months => amount)
  when 'week' then make_interval(weeks => amount)
  when 'day' then make_interval(days => amount)
  when 'dayofyear' then make_interval(days => amount)
  when 'weekday' then make_interval(days => amount)
  when 'hour' then make_interval(hours => amount)
  when 'minute' then make_interval(mins => amount)
  when 'second' then make_interval(secs => amount)
  when 'millisecond' then amount * interval '1 millisecond'
  when 'microsecond' then amount * interval '1 microsecond'
  when 'nanosecond' then (amount / 1000) * interval '1 microsecond'
  else mssql.refuse(9806, format('The datepart %s is not supported by date function dateadd.', part)) * interval '0'
end;

create or replace function mssql.dateadd(part text, amount integer, value timestamp) returns timestamp
language sql immutable return value + mssql.date_interval(part, amount);

create or replace function mssql.dateadd(part text, amount integer, value mssql.datetimeoffset)
returns mssql.datetimeoffset
language sql immutable strict
return mssql.todatetimeoffset(
  mssql.wall_clock(value) + mssql.date_interval(part, amount), mssql.offset_minutes(value));

create or replace function mssql.dateadd(part text, amount integer, value date) returns date
language sql immutable
return case
  when mssql.is_of_clock(part) then null::date + mssql.refuse_part(part, 'dateadd', 'date')
  else (value + mssql.date_interval(part, amount))::date
end;

create or replace function mssql.dateadd(part text, amount integer, value time) returns time
language sql immutable
return case
  when mssql.is_of_clock(part) then value + mssql.date_interval(part, amount)
  else value + mssql.refuse_part(part, 'dateadd', 'time') * interval '0'
end;

-- Weeks as under SET DATEFIRST 7: they begin on Sundays, and the one with January 1 is the first.
create or replace function mssql.datepart(part text, value timestamp) returns integer
language sql immutable
return case part
  when 'weekday' then extract(dow from value) + 1
  when 'week' then
    (extract(doy from value)::integer - 1 + extract(dow from date_trunc('year', value))::integer) / 7 + 1
  when 'dayofyear' then extract(doy from value)
  when 'second' then floor(extract(second from value))
  when 'millisecond' then floor(extract(milliseconds from value))::integer % 1000
  when 'microsecond' then extract(microseconds from value)::integer % 1000000
  when 'nanosecond' then extract(microseconds from value)::integer % 1000000 * 1000
  when 'tz' then 0
  when 'iso_week' then extract(week from value)
  else date_part(part, value)
end::integer;

-- The parts of a datetimeoffset are those of its own wall clock.
create or replace function mssql.datepart(part text, value mssql.datetimeoffset) returns integer
language sql immutable
return case part
  when 'tz' then mssql.offset_minutes(value)
  else mssql.datepart(part, mssql.wall_clock(value))
end;

create or replace function mssql.datepart(part text, value date) returns integer
language sql immutable
return case
  when mssql.is_of_clock(part) or part = 'tz' then mssql.refuse_part(part, 'datepart', 'date')
  else mssql.datepart(part, value::timestamp)
end;

create or replace function mssql.datepart(part text, value time) returns integer
language sql immutable
return case
  when mssql.is_of_clock(part) then mssql.datepart(part, mssql.as_timestamp(value))
  else mssql.refuse_part(part, 'datepart', 'time')
end;

create or replace function mssql.eomonth(start timestamp, months integer default 0) returns date
language sql immutable
return (date_trunc('month', start) + make_interval(months => months + 1) - interval '1 day')::date;

create or replace function mssql.datefromparts(year integer, month integer, day integer) returns date
language sql immutable strict return make_date(year, month, day);

-- A datetime counts days since 1900: two of them may be added, and numbers are days ---------------------
-- A time of day or a date cannot be added to a datetime (error 402, from compatibility level 110 on).

create or replace function mssql.add(one timestamp, other timestamp) returns timestamp
language sql immutable strict return one + (other - timestamp '1900-01-01');
create or replace function mssql.add(at timestamp, days numeric) returns timestamp
language sql immutable strict return at + days * interval '1 day';
create or replace function mssql.subtract(at timestamp, days numeric) returns timestamp
language sql immutable strict return at - days * interval '1 day';

do $arithmetic$
declare
  kind text;
  operands text[];
begin
  if to_regoperator('mssql.+(timestamp,timestamp)') is null then
    create operator mssql.+ (function = mssql.add, leftarg = timestamp, rightarg = timestamp);
    foreach kind in array array['integer', 'numeric', 'double precision'] loop
      if kind <> 'numeric' then
        execute format('create function mssql.add(at timestamp, days %1$s) returns timestamp language sql immutable strict
          return mssql.add(at, days::numeric)', kind);
        execute format('create function mssql.subtract(at timestamp, days %1$s) returns timestamp language sql immutable strict
          return mssql.subtract(at, days::numeric)', kind);
      end if;
      execute format('create operator mssql.+ (function = mssql.add, leftarg = timestamp, rightarg = %s)', kind);
      execute format('create operator mssql.- (function = mssql.subtract, leftarg = timestamp, rightarg = %s)', kind);
    end loop;
    foreach operands slice 1 in array array[
      array['timestamp', 'time', 'datetime', 'time'], array['time', 'timestamp', 'time', 'datetime'],
      array['date', 'time', 'date', 'time'], array['time', 'date', 'time', 'date']
    ] loop
      execute format('create function mssql.add(%1$s, %2$s) returns timestamp language sql
        return timestamp ''1900-01-01'' + interval ''0'' * mssql.refuse(
          402, ''The data types %3$s and %4$s are incompatible in the add operator.'')',
        operands[1], operands[2], operands[3], operands[4]);
      execute format('create operator mssql.+ (function = mssql.add, leftarg = %s, rightarg = %s)', operands[1], operands[2]);
    end loop;
  end if;
end
$arithmetic$;

-- CONVERT with a style: to text ----------------------------------------------------------------------

create or replace function mssql.fraction(value timestamp, is_always boolean) returns text
language sql immutable strict
return case mssql.digits(value)
  when 0 then case when is_always then '.000' else '' end
  when 3 then to_char(value, '.MS')
  else to_char(value, '.US') || '0'
end;

create or replace function mssql.twelve_hours(value timestamp, rest text, half text) returns text
language sql immutable strict
return lpad(to_char(value, 'FMHH12'), 2) || to_char(value, rest) || half || to_char(value, 'AM');

create or replace function mssql.convert_text(value timestamp, style integer) returns text
language sql immutable strict
return case
  when style in (0, 100) then to_char(value, 'Mon ') || lpad(to_char(value, 'FMDD'), 2) || to_char(value, ' YYYY ')
    || mssql.twelve_hours(value, ':MI', '')
  when style in (9, 109) then to_char(value, 'Mon ') || lpad(to_char(value, 'FMDD'), 2) || to_char(value, ' YYYY ')
    || mssql.twelve_hours(value, ':MI:SS:MS', '')
  when style = 22 then to_char(value, 'MM/DD/YY ') || mssql.twelve_hours(value, ':MI:SS', ' ')
  when style in (21, 25, 121) then to_char(value, 'YYYY-MM-DD HH24:MI:SS') || mssql.fraction(value, true)
  when style in (126, 127) then to_char(value, 'YYYY-MM-DD"T"HH24:MI:SS') || mssql.fraction(value, false)
  else coalesce(
    to_char(value, case style
      when 1 then 'MM/DD/YY' when 101 then 'MM/DD/YYYY' when 2 then 'YY.MM.DD' when 102 then 'YYYY.MM.DD'
      when 3 then 'DD/MM/YY' when 103 then 'DD/MM/YYYY' when 4 then 'DD.MM.YY' when 104 then 'DD.MM.YYYY'
      when 5 then 'DD-MM-YY' when 105 then 'DD-MM-YYYY' when 6 then 'DD Mon YY' when 106 then 'DD Mon YYYY'
      when 7 then 'Mon DD, YY' when 107 then 'Mon DD, YYYY' when 10 then 'MM-DD-YY' when 110 then 'MM-DD-YYYY'
      when 11 then 'YY/MM/DD' when 111 then 'YYYY/MM/DD' when 12 then 'YYMMDD' when 112 then 'YYYYMMDD'
      when 23 then 'YYYY-MM-DD' when 8 then 'HH24:MI:SS' when 24 then 'HH24:MI:SS' when 108 then 'HH24:MI:SS'
      when 14 then 'HH24:MI:SS:MS' when 114 then 'HH24:MI:SS:MS'
      when 13 then 'DD Mon YYYY HH24:MI:SS:MS' when 113 then 'DD Mon YYYY HH24:MI:SS:MS'
      when 20 then 'YYYY-MM-DD HH24:MI:SS' when 120 then 'YYYY-MM-DD HH24:MI:SS'
    end),
    mssql.refuse(
      281, format('%s is not a valid style number when converting from datetime to a character string.', style))::text)
end;

create or replace function mssql.convert_text(value date, style integer) returns text
language sql immutable strict
return case
  when style in (20, 21, 25, 120, 121, 126, 127) then to_char(value, 'YYYY-MM-DD')
  when style in (0, 9, 100, 109) then to_char(value, 'Mon ') || lpad(to_char(value, 'FMDD'), 2) || to_char(value, ' YYYY')
  when style in (13, 113) then to_char(value, 'DD Mon YYYY')
  else mssql.convert_text(value::timestamp, style)
end;

create or replace function mssql.convert_text(value time, style integer) returns text
language sql immutable strict
return case
  when style in (0, 100) then mssql.twelve_hours(mssql.as_timestamp(value), ':MI', '')
  when style in (8, 20, 24, 108, 120) then to_char(mssql.as_timestamp(value), 'HH24:MI:SS')
  else to_char(mssql.as_timestamp(value), 'HH24:MI:SS') || mssql.fraction(mssql.as_timestamp(value), false)
end;

create or replace function mssql.convert_text(value mssql.datetimeoffset, style integer) returns text
language sql immutable strict
return case
  when style in (21, 25, 121) then value::text
  when style = 126 then mssql.convert_text(mssql.wall_clock(value), 126) || mssql.offset_text(mssql.offset_minutes(value))
  when style = 127 then mssql.convert_text(mssql.instant(value) at time zone 'UTC', 126) || 'Z'
  when style in (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 23, 101, 102, 103, 104, 105, 106, 107, 110, 111, 112)
    then mssql.convert_text(mssql.wall_clock(value), style)
  else mssql.convert_text(mssql.wall_clock(value), style) || ' ' || mssql.offset_text(mssql.offset_minutes(value))
end;

do $others$
declare
  kind text;
begin
  foreach kind in array array['text', 'integer', 'bigint', 'numeric', 'double precision'] loop
    execute format('create or replace function mssql.convert_text(value %s, style integer) returns text
      language sql immutable strict return value::text', kind);
  end loop;
end
$others$;

-- CONVERT with a style: from text --------------------------------------------------------------------

create or replace function mssql.date_format(style integer) returns text
language sql immutable strict
return case style % 100
  when 1 then 'MM/DD/' when 2 then '.MM.DD' when 3 then 'DD/MM/' when 4 then 'DD.MM.' when 5 then 'DD-MM-'
  when 10 then 'MM-DD-' when 11 then '/MM/DD' when 12 then 'MMDD'
end;

create or replace function mssql.convert_time(value text, style integer) returns timestamp
language sql immutable strict
return case
  when style in (1, 2, 3, 4, 5, 10, 11, 12, 101, 102, 103, 104, 105, 110, 111, 112) then
    to_date(
      split_part(btrim(value), ' ', 1),
      case when style % 100 in (2, 11, 12) then '' else mssql.date_format(style) end
      || case when style > 100 then 'YYYY' else 'YY' end
      || case when style % 100 in (2, 11, 12) then mssql.date_format(style) else '' end)
    + coalesce(nullif(split_part(btrim(value), ' ', 2), ''), '00:00')::time
  when style = 127 and value ~ '([+-]\d\d:\d\d|[Zz])\s*$' then value::timestamptz at time zone 'UTC'
  else value::timestamp
end;

create or replace function mssql.convert_time(value timestamp, style integer) returns timestamp
language sql immutable strict return value;
create or replace function mssql.convert_time(value date, style integer) returns timestamp
language sql immutable strict return value::timestamp;
create or replace function mssql.convert_time(value time, style integer) returns timestamp
language sql immutable strict return mssql.as_timestamp(value);
create or replace function mssql.convert_time(value mssql.datetimeoffset, style integer) returns timestamp
language sql immutable strict return mssql.wall_clock(value);

create or replace function mssql.try_convert_time(value text, style integer) returns timestamp
language plpgsql immutable strict
as $$
begin
  return mssql.convert_time(value, style);
exception when data_exception then
  return null;
end
$$;
create or replace function mssql.try_convert_time(value anynonarray, style integer) returns timestamp
language sql immutable strict
as 'select mssql.convert_time(value, style)';

create or replace function mssql.convert_offset(value text, style integer) returns mssql.datetimeoffset
language sql immutable strict
return case
  when mssql.date_format(style) is null then mssql.datetimeoffset(value)
  else mssql.datetimeoffset(mssql.convert_time(value, style))
end;
create or replace function mssql.convert_offset(value mssql.datetimeoffset, style integer) returns mssql.datetimeoffset
language sql immutable strict return value;

do $offsets$
declare
  kind text[];
begin
  foreach kind slice 1 in array array[array['timestamp', 'datetime2'], array['date', 'date'], array['time', 'time']] loop
    execute format(
      'create or replace function mssql.convert_offset(value %s, style integer) returns mssql.datetimeoffset
       language sql immutable strict return case
         when style in (0, 1) then mssql.datetimeoffset(value)
         else mssql.refuse(9809, format(
           ''The style %%s is not supported for conversions from %s to datetimeoffset.'', style))::text::mssql.datetimeoffset
       end', kind[1], kind[2]);
  end loop;
end
$offsets$;
