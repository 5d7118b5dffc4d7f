-- Takes the function away; no data is lost.

drop function public.run_report(public.pipeline_runs);
