-- The plants of a user as they were before: without marks of what else changed.

create or replace function public.board_plants(p_now timestamptz default null)
returns json
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with now as (select coalesce(p_now, clock_timestamp()) as at),
  named as (
    select known.plant from public.plants as known
    union
    -- Plants of which no poll has told anything yet.
    select m.plant from public.plant_members as m where m.user_id = (select auth.uid()) and m.plant <> '*'
    union
    select a.plant from public.assets as a where public.reads_all_plants()
    union
    select watched.plant from public.watched_pipelines as watched where public.reads_all_plants()
  )
  select json_build_object('now', now.at, 'plants', (
    select coalesce(json_agg(json_build_object(
      'plant', shown.plant - 'offset_s',
      'as_of', poll.told -> 'as_of',
      'next_at', poll.told -> 'next_at',
      'stale_after', poll.told -> 'stale_after',
      'is_stale', poll.told -> 'is_stale',
      'poll', poll.told -> 'poll'
    ) order by lower(shown.plant ->> 'name'), named.plant), '[]')
    from named
    cross join lateral (select public.board_plant(named.plant) as plant offset 0) as shown
    cross join lateral (select public.board_poll(shown.plant, now.at) as told offset 0) as poll
    where shown.plant is not null
  ))
  from now;
$$;

drop function public.board_marks(text, timestamptz);
