-- Afterwards there is no page of pipelines.

drop function public.board_pipelines(text, timestamptz);
drop function public.run_strip(text, text, timestamptz, interval, integer);
drop function public.judged_pipelines(timestamptz);
revoke execute on function public.pipeline_summaries(jsonb, timestamptz) from authenticated;
