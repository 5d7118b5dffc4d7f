-- Takes back 20261126030000_watched_pipelines: since when pipelines are watched is lost.

drop function public.watch_pipelines(jsonb, timestamptz);
drop table public.watched_pipelines;
