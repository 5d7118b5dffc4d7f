-- Source rows that could not be used, kept with the reason so that somebody can mend the source. They may
-- hold anything, so only managers read them. New table and function: old code is not touched.

create table public.rejected_records (
  id bigint generated always as identity primary key,
  run_id bigint not null references public.pipeline_runs (id) on delete cascade,
  plant text not null check (btrim(plant) <> '' and plant <> '*'),
  query text not null check (btrim(query) <> ''),
  reason text not null check (btrim(reason) <> ''),
  "row" jsonb not null,
  created_at timestamptz not null default now()
);

create index rejected_records_run_idx on public.rejected_records (run_id);

create index rejected_records_plant_idx on public.rejected_records (plant, created_at desc);

create index rejected_records_created_idx on public.rejected_records (created_at, id);

comment on table public.rejected_records is
  'Malformed source rows, at most 100 a run; the run''s counts have all of them. Read by managers only.';
comment on column public.rejected_records.id is 'Key.';
comment on column public.rejected_records.run_id is 'The run that rejected it; the record goes with the run.';
comment on column public.rejected_records.plant is 'Key of the plant in plantpulse.yaml.';
comment on column public.rejected_records.query is 'The query that returned it, such as output.';
comment on column public.rejected_records.reason is 'Why it could not be used.';
comment on column public.rejected_records."row" is 'The row as the source returned it, by column name.';
comment on column public.rejected_records.created_at is 'When it was kept (UTC).';

alter table public.rejected_records enable row level security;

create policy managers_read on public.rejected_records
for select to authenticated
using (
  plant in (
    select m.plant
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role = 'manager'
  )
  or exists (
    select 1
    from public.plant_members as m
    where m.user_id = (select auth.uid()) and m.role = 'manager' and m.plant = '*'
  )
);

revoke all on table public.rejected_records from public, anon, authenticated, service_role;
revoke all on sequence public.rejected_records_id_seq from public, anon, authenticated, service_role;
grant select on table public.rejected_records to authenticated;
grant select, insert, update, delete on table public.rejected_records to service_role;

create function public.keep_rejected_records(p_run public.pipeline_runs, p_records jsonb, p_now timestamptz)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.rejected_records (run_id, plant, query, reason, "row", created_at)
  select p_run.id, p_run.plant, record.query, record.reason, record."row", p_now
  from jsonb_to_recordset(p_records) as record (query text, reason text, "row" jsonb)
  limit 100;
$$;

comment on function public.keep_rejected_records(public.pipeline_runs, jsonb, timestamptz) is
  'Keeps the first 100 rejected source rows of a run.';

revoke all on function public.keep_rejected_records(public.pipeline_runs, jsonb, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.keep_rejected_records(public.pipeline_runs, jsonb, timestamptz) to service_role;
