-- Machine tags had no place: which values of which machines are read, how often and by which protocol. New tables:
-- old code is not touched.

set lock_timeout = '2s';

create table public.tag_groups (
  id integer generated always as identity primary key,
  plant text not null check (btrim(plant) <> '' and plant <> '*' and length(plant) <= 100),
  name text not null check (name ~ '^\S(.*\S)?$' and name !~ '[[:cntrl:]]' and length(name) <= 80 and name is nfc normalized),
  mode text not null default 'fixed' check (mode in ('fixed', 'handshake')),
  interval_ms integer not null default 1000 check (interval_ms between 200 and 3600000),
  address text not null check (address ~ '^[^[:space:][:cntrl:]]+$' and length(address) <= 500 and address !~ '^[^/]*//[^/]*@'),
  driver text not null generated always as (
    case split_part(address, '://', 1)
      when 'modbus' then 'modbus'
      when 'opc.tcp' then 'opcua'
      when 's7' then 's7'
      when 'slmp' then 'slmp'
      when 'enip' then 'ethernet_ip'
    end
  ) stored,
  credentials text check (credentials ~ '^[A-Za-z0-9_.-]{1,80}$'),
  active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  updated_by uuid,
  removed_at timestamptz,
  constraint tag_groups_name_key unique (plant, name),
  constraint tag_groups_removed_check check (removed_at is null or not active)
);

comment on table public.tag_groups is 'Tags of one device that are read together, as a plant engineer named them.';
comment on column public.tag_groups.id is 'Key.';
comment on column public.tag_groups.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.tag_groups.name is 'Name for people, once in a plant; a removed group keeps it.';
comment on column public.tag_groups.mode is 'fixed = read every interval, handshake = read when asked for.';
comment on column public.tag_groups.interval_ms is
  'How often the tags, or the trigger tag, are read (milliseconds): slots are whole multiples since 1970.';
comment on column public.tag_groups.address is
  'Where the device is, as a URL in the syntax of its driver; never with a password.';
comment on column public.tag_groups.driver is 'The driver, from the URL''s scheme.';
comment on column public.tag_groups.credentials is
  'Name of the secret with user and password in the secret store; null for a device that wants none.';
comment on column public.tag_groups.active is 'Whether it is to be polled. Rows in tag_commands change it, an import can.';
comment on column public.tag_groups.created_at is 'When it was made (UTC).';
comment on column public.tag_groups.updated_at is 'When it was changed last (UTC).';
comment on column public.tag_groups.updated_by is 'User who changed it last; null when it was the service.';
comment on column public.tag_groups.removed_at is
  'When it was taken out (UTC); null while it is there. Its values stay until they expire.';

create table public.tags (
  id integer generated always as identity primary key,
  group_id integer not null references public.tag_groups (id) on delete cascade,
  position smallint not null check (position between 1 and 5000),
  name text not null check (name ~ '^\S(.*\S)?$' and name !~ '[[:cntrl:]]' and length(name) <= 200 and name is nfc normalized),
  address text not null check (btrim(address) <> '' and address !~ '[[:cntrl:]]' and length(address) <= 500),
  data_type text not null check (
    data_type in (
      'bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'
    )
  ),
  length smallint not null default 0 check (length between 0 and 1000),
  byte_order text check (byte_order in ('abcd', 'cdab', 'badc', 'dcba')),
  scale double precision not null default 1 check (scale between -1e30 and 1e30 and scale <> 0),
  shift_by double precision not null default 0 check (shift_by between -1e30 and 1e30),
  unit text check (unit ~ '\S' and unit !~ '[[:cntrl:]]' and length(unit) <= 40),
  role text not null default 'value' check (role in ('value', 'trigger', 'acknowledge')),
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint tags_position_key unique (group_id, position),
  constraint tags_name_key unique (group_id, name),
  constraint tags_bit_check check (role = 'value' or data_type = 'bool')
);

create unique index tags_one_of_a_role_idx on public.tags (group_id, role)
where role <> 'value' and removed_at is null;

comment on table public.tags is 'The values of a machine: where each is, what it is, and how it becomes a figure.';
comment on column public.tags.id is 'Key.';
comment on column public.tags.group_id is 'The group that it is read with.';
comment on column public.tags.position is
  'Its place in the arrays of tag_samples and tag_minutes, from 1. It never changes and is never given to another tag.';
comment on column public.tags.name is
  'Name for people, once in a group. A removed tag keeps it: one that comes back under it is the same tag again.';
comment on column public.tags.address is 'Where it is in the device, in the syntax of the driver.';
comment on column public.tags.data_type is 'What the device keeps there.';
comment on column public.tags.length is 'Length of a string (characters); 0 where the device knows it.';
comment on column public.tags.byte_order is 'Order of the bytes of its number; null = as the device''s address says.';
comment on column public.tags.scale is 'The figure is the device''s number times this, plus shift_by.';
comment on column public.tags.shift_by is 'What is added to the scaled number, in the unit; `offset` in JSON.';
comment on column public.tags.unit is 'Unit of the figure; null without one.';
comment on column public.tags.role is
  'value = stored; trigger = the bit that says that data is ready; acknowledge = the bit that is set when it was read, the '
  'only thing that is ever written to a machine. The latter needs a trigger.';
comment on column public.tags.created_at is 'When it was named first (UTC).';
comment on column public.tags.removed_at is 'When it was taken out of the group (UTC); null while it is there.';

create function public.stamp_tag_group()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.updated_at := clock_timestamp();
  new.updated_by := (select auth.uid());
  -- Nobody polls what is removed.
  if new.removed_at is not null then
    new.active := false;
  end if;
  return new;
end;
$$;

comment on function public.stamp_tag_group() is 'Notes who changed a group, and stops one that is removed.';

create trigger stamp_tag_group before insert or update on public.tag_groups
for each row execute function public.stamp_tag_group();

create function public.place_tag()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  -- Two that add tags to a group wait for each other.
  perform pg_advisory_xact_lock(hashtextextended('tags of a group', new.group_id));

  if tg_op = 'UPDATE' and (new.group_id, new.position) is distinct from (old.group_id, old.position) then
    raise exception 'a tag keeps its group and its position: what was stored is found by them'
      using errcode = 'P0001';
  end if;

  if new.position is null then
    new.position := 1 + coalesce(
      (select max(other.position) from public.tags as other where other.group_id = new.group_id), 0
    );
  end if;

  if new.removed_at is null and (tg_op = 'INSERT' or old.removed_at is not null) and (
    select count(*) from public.tags as other where other.group_id = new.group_id and other.removed_at is null
  ) >= 500 then
    raise exception 'a group has at most 500 tags: make another group' using errcode = 'P0001';
  end if;
  return new;
end;
$$;

comment on function public.place_tag() is 'Gives a tag the next position of its group, for good.';

create trigger place_tag before insert or update on public.tags
for each row execute function public.place_tag();

alter table public.tag_groups enable row level security;
alter table public.tags enable row level security;

create policy members_read on public.tag_groups
for select to authenticated
using (
  plant in (select m.plant from public.plant_members as m where m.user_id = (select auth.uid()))
  or exists (select 1 from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant = '*')
);

create policy managers_add on public.tag_groups
for insert to authenticated
with check (
  plant in (
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role = 'manager' and m.plant = '*'
  )
);

create policy managers_change on public.tag_groups
for update to authenticated
using (
  plant in (
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
  or exists (
    select 1 from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role = 'manager' and m.plant = '*'
  )
);

create policy members_read on public.tags
for select to authenticated
using (group_id in (select g.id from public.tag_groups as g));

create policy managers_add on public.tags
for insert to authenticated
with check (
  group_id in (
    select g.id
    from public.tag_groups as g
    join public.plant_members as m on m.plant in (g.plant, '*')
    where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
);

create policy managers_change on public.tags
for update to authenticated
using (
  group_id in (
    select g.id
    from public.tag_groups as g
    join public.plant_members as m on m.plant in (g.plant, '*')
    where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
);

revoke all on table public.tag_groups from public, anon, authenticated, service_role;
revoke all on table public.tags from public, anon, authenticated, service_role;
revoke all on sequence public.tag_groups_id_seq from public, anon, authenticated, service_role;
revoke all on sequence public.tags_id_seq from public, anon, authenticated, service_role;
revoke all on function public.stamp_tag_group() from public, anon, authenticated, service_role;
revoke all on function public.place_tag() from public, anon, authenticated, service_role;
grant select on table public.tag_groups, public.tags to authenticated;
grant insert (plant, name, mode, interval_ms, address, credentials, active),
update (mode, interval_ms, address, credentials, active, removed_at) on table public.tag_groups to authenticated;
grant insert (group_id, name, address, data_type, length, byte_order, scale, shift_by, unit, role),
update (address, data_type, length, byte_order, scale, shift_by, unit, role, removed_at) on table public.tags
to authenticated;
grant select, insert, update, delete on table public.tag_groups to service_role;
grant select, insert, update, delete on table public.tags to service_role;
