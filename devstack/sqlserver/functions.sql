-- What T-SQL takes for granted and Postgres has not: types, operators and functions, all in the
-- schema `mssql`. A session of the stand-in puts that schema first in its search path, so that
-- translated T-SQL keeps its own function names, and so that `=` on strings is compared as SQL
-- Server's default collation does. Runs any number of times; needs a superuser (base types).

create schema if not exists mssql;
create schema if not exists dbo;

-- Types that must be told apart on the wire ---------------------------------------------------
-- `bit` and `tinyint` are stored as smallint; their own oids are how the server knows them again.

do $types$
declare
  name text;
begin
  foreach name in array array['bit', 'tinyint'] loop
    if to_regtype('mssql.' || name) is null then
      execute format('create type mssql.%I', name);
      execute format('create function mssql.%I(cstring) returns mssql.%I language internal immutable strict as ''int2in''', name || '_in', name);
      execute format('create function mssql.%I(mssql.%I) returns cstring language internal immutable strict as ''int2out''', name || '_out', name);
      execute format('create function mssql.%I(internal) returns mssql.%I language internal immutable strict as ''int2recv''', name || '_recv', name);
      execute format('create function mssql.%I(mssql.%I) returns bytea language internal immutable strict as ''int2send''', name || '_send', name);
      execute format('create type mssql.%I (input = mssql.%I, output = mssql.%I, receive = mssql.%I, send = mssql.%I, like = smallint)',
        name, name || '_in', name || '_out', name || '_recv', name || '_send');
      execute format('create function mssql.%I(mssql.%I) returns integer language internal immutable strict as ''i2toi4''', name || '_int', name);
      execute format('create cast (mssql.%I as integer) with function mssql.%I(mssql.%I) as implicit', name, name || '_int', name);
    end if;
  end loop;
end
$types$;

create or replace function mssql.to_bit(value numeric) returns mssql.bit
language sql immutable strict
return case when value = 0 then '0'::mssql.bit else '1'::mssql.bit end;

create or replace function mssql.to_bit(value integer) returns mssql.bit
language sql immutable strict
return case when value = 0 then '0'::mssql.bit else '1'::mssql.bit end;

create or replace function mssql.to_tinyint(value integer) returns mssql.tinyint
language plpgsql immutable strict
as $$
begin
  if value not between 0 and 255 then
    raise numeric_value_out_of_range using message = 'tinyint out of range';
  end if;
  return value::text::mssql.tinyint;
end
$$;

do $casts$
begin
  if not exists (select from pg_cast where casttarget = 'mssql.bit'::regtype) then
    create cast (integer as mssql.bit) with function mssql.to_bit(integer) as assignment;
    create cast (numeric as mssql.bit) with function mssql.to_bit(numeric) as assignment;
    create cast (integer as mssql.tinyint) with function mssql.to_tinyint(integer) as assignment;
  end if;
end
$casts$;

-- Strings: letter case and trailing blanks do not count -----------------------------------------
-- `fold` leaves out what the collation does not tell apart; collations.py replaces it and `lower` by another
-- collation's.

create or replace function mssql.fold(value text) returns text
language sql immutable parallel safe return pg_catalog.lower(value collate pg_c_utf8);

create or replace function mssql.lower(value text) returns text
language sql immutable parallel safe return pg_catalog.lower(value collate pg_c_utf8);

-- A text with COLLATE ..._BIN2: compared as it is, and only trailing blanks do not count.
create or replace function mssql.exact(value text) returns text
language sql immutable parallel safe
return rtrim(value) collate "C";

-- `k` is the key under which a value is equal to others; the translator groups, orders and
-- de-duplicates by it. The collation only names how letters are made small, whatever the database's is.

create or replace function mssql.k(value text) returns text
language sql immutable parallel safe
return mssql.fold(rtrim(value));

create or replace function mssql.k(value anynonarray) returns anynonarray
language sql immutable parallel safe
as 'select value';

do $operators$
declare
  operator text;
  operand text;
  name text;
  position integer := 0;
begin
  foreach operator in array array['=', '<>', '<', '<=', '>', '>=', '~~', '!~~'] loop
    position := position + 1;
    foreach operand in array array['text', 'bpchar'] loop
      name := format('compare_%s_%s', position, operand);
      execute format(
        case when operator in ('~~', '!~~')
          then 'create or replace function mssql.%I(%s, %s) returns boolean language sql immutable parallel safe return mssql.fold($1::text) operator(pg_catalog.%s) mssql.fold($2::text)'
          else 'create or replace function mssql.%I(%s, %s) returns boolean language sql immutable parallel safe return mssql.k($1::text) operator(pg_catalog.%s) mssql.k($2::text)'
        end, name, operand, operand, operator);
      if to_regoperator(format('mssql.%s(%s,%s)', operator, operand, operand)) is null then
        execute format('create operator mssql.%s (function = mssql.%I, leftarg = %s, rightarg = %s)', operator, name, operand, operand);
      end if;
    end loop;
  end loop;
end
$operators$;

create or replace function mssql.concatenate(text, text) returns text
language sql immutable parallel safe
return $1 || $2;

do $concatenation$
begin
  if to_regoperator('mssql.+(text,text)') is null then
    create operator mssql.+ (function = mssql.concatenate, leftarg = text, rightarg = text);
  end if;
end
$concatenation$;

create or replace function mssql.upper(value text) returns text
language sql immutable parallel safe return pg_catalog.upper(value collate pg_c_utf8);

create or replace function mssql.len(value text) returns integer
language sql immutable return length(rtrim(value));

create or replace function mssql.datalength(value bytea) returns integer
language sql immutable return length(value);

create or replace function mssql.datalength(value text) returns integer
language sql immutable return 2 * length(value);

create or replace function mssql.charindex(sought text, value text, start_at integer default 1) returns integer
language sql immutable
return case
  when sought is null or value is null then null
  when position(mssql.fold(sought) in substr(mssql.fold(value), greatest(start_at, 1))) = 0 then 0
  else position(mssql.fold(sought) in substr(mssql.fold(value), greatest(start_at, 1))) + greatest(start_at, 1) - 1
end;

create or replace function mssql.charindex_exact(sought text, value text) returns integer
language sql immutable
return strpos(value collate "C", sought collate "C");

-- Over UTF-8 instead of UTF-16: as different for different texts, but other bytes than SQL Server's. The cast instead of
-- convert_to, which is only stable: Postgres could not put the body into a statement.
create or replace function mssql.hashbytes(algorithm text, value text) returns bytea
language sql immutable
return case pg_catalog.upper(algorithm)
  when 'SHA2_256' then sha256(pg_catalog.replace(value, '\', '\\')::bytea)
  when 'SHA2_512' then sha512(pg_catalog.replace(value, '\', '\\')::bytea)
end;

create or replace function mssql.replace(value text, sought text, replacement text) returns text
language sql immutable
return case
  when sought = '' then value
  else regexp_replace(
    value,
    regexp_replace(sought, '([][(){}.*+?^$|\\-])', '\\\1', 'g'),
    pg_catalog.replace(replacement, '\', '\\'),
    'gi')
end;

-- Numbers: SQL Server keeps the argument's type where Postgres widens it --------------------------

create or replace aggregate mssql.sum(integer) (sfunc = int4pl, stype = integer);
create or replace aggregate mssql.sum(bigint) (sfunc = int8pl, stype = bigint);

create or replace function mssql.quotient(state bigint[]) returns bigint
language sql immutable return case when state[1] > 0 then state[2] / state[1] end;

create or replace function mssql.quotient_int(state bigint[]) returns integer
language sql immutable return case when state[1] > 0 then (state[2] / state[1])::integer end;

create or replace function mssql.add_to_quotient(state bigint[], value bigint) returns bigint[]
language sql immutable strict return array[state[1] + 1, state[2] + value];

create or replace aggregate mssql.avg(bigint) (
  sfunc = mssql.add_to_quotient, stype = bigint[], finalfunc = mssql.quotient, initcond = '{0,0}');
create or replace aggregate mssql.avg(integer) (
  sfunc = int4_avg_accum, stype = bigint[], finalfunc = mssql.quotient_int, initcond = '{0,0}');

create or replace function mssql.sign(value integer) returns integer
language sql immutable return pg_catalog.sign(value::numeric)::integer;

create or replace function mssql.sign(value bigint) returns bigint
language sql immutable return pg_catalog.sign(value::numeric)::bigint;

create or replace function mssql.round(value double precision, digits integer) returns double precision
language sql immutable return pg_catalog.round(value::numeric, digits)::double precision;

-- A cast to a whole number cuts; Postgres would round.
create or replace function mssql.to_bigint(value double precision) returns bigint
language sql immutable return trunc(value)::bigint;
create or replace function mssql.to_bigint(value numeric) returns bigint
language sql immutable return trunc(value)::bigint;
create or replace function mssql.to_bigint(value bigint) returns bigint
language sql immutable return value;
create or replace function mssql.to_bigint(value text) returns bigint
language sql immutable return value::bigint;

-- The last eight bytes, as SQL Server takes them.
create or replace function mssql.to_bigint(value bytea) returns bigint
language sql immutable
return ('x' || lpad(encode(substring(value from greatest(length(value) - 7, 1)), 'hex'), 16, '0'))::bit(64)::bigint;

create or replace function mssql.to_int(value double precision) returns integer
language sql immutable return trunc(value)::integer;
create or replace function mssql.to_int(value numeric) returns integer
language sql immutable return trunc(value)::integer;
create or replace function mssql.to_int(value bigint) returns integer
language sql immutable return value::integer;
create or replace function mssql.to_int(value integer) returns integer
language sql immutable return value;
create or replace function mssql.to_int(value text) returns integer
language sql immutable return value::integer;

-- TRY_CAST: a text that cannot be read as the type is null; what is not a text is cast as by CAST.
create or replace function mssql.fitting(value text, kind text) returns text
language sql immutable strict return case when pg_input_is_valid(value, kind) then value end;

create or replace function mssql.fitting(value anynonarray, kind text) returns anynonarray
language sql immutable
as 'select value';

-- Names and permissions -----------------------------------------------------------------------

create or replace function mssql.quotename(name text) returns text
language sql immutable strict
return '[' || pg_catalog.replace(name, ']', ']]') || ']';

create or replace function mssql.object_id(name text, kind text default null) returns integer
language sql stable
return to_regclass(
  case
    when name like '%.%' then 'dbo.' || quote_ident(lower(regexp_replace(translate(name, '[]"', ''), '^.*\.', '')))
    else 'dbo.' || quote_ident(lower(translate(name, '[]"', '')))
  end)::oid::integer;

create or replace function mssql.has_perms_by_name(securable text, class text, permission text, can_write integer)
returns integer
language sql stable
return case
  when class operator(pg_catalog.=) 'OBJECT' and mssql.object_id(securable) is null then null
  when upper(permission) operator(pg_catalog.=) any (array['INSERT', 'UPDATE', 'DELETE', 'ALTER', 'CONTROL', 'CREATE TABLE'])
    then can_write
  else 1
end;
