-- Afterwards pages cannot know how the pipelines stand.

set lock_timeout = '2s';

drop function public.keep_pipeline_states(jsonb, timestamptz);
drop table public.pipeline_states;
