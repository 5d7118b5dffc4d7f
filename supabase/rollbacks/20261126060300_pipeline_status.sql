-- Undoes 20261126060300_pipeline_status.sql.

drop function public.pipeline_status(jsonb, timestamptz);
drop function public.hours_of_a_day(text, text, timestamptz);
