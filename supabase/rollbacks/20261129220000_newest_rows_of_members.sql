-- Takes the functions away that tell members the newest runs and summaries.

set lock_timeout = '2s';

drop function public.newest_summaries(integer, text);

drop function public.newest_runs(integer, text);

drop function public.reads_all_plants();

drop index public.pipeline_runs_plant_idx;
