-- Removes the storing of collections; what was stored stays.

set lock_timeout = '2s';

drop function public.counts_of_series(jsonb);

drop function public.commit_series(uuid, jsonb, timestamptz);

drop function public.with_points_counted(jsonb, jsonb);

drop function public.named_series(jsonb);

drop function public.write_batches(public.pipeline_runs, jsonb, timestamptz);

drop function public.sum_of_counts(jsonb);

drop function public.note_gap_attempts(public.pipeline_runs, jsonb, timestamptz);

drop function public.lock_gaps();

drop function public.keep_quality(jsonb, timestamptz);

drop function public.flag_points(jsonb, timestamptz);

drop function public.keep_failed_batches(public.pipeline_runs, jsonb, jsonb, timestamptz);

drop function public.keep_collection(public.pipeline_runs, jsonb, jsonb);

drop function public.write_batch(jsonb, timestamptz, timestamptz);

drop function public.write_late_points(jsonb, timestamptz, timestamptz);

drop function public.positions(timestamptz, integer, timestamptz, timestamptz);

drop function public.write_newer_points(jsonb, timestamptz, timestamptz);

drop function public.checked_blocks(jsonb);

drop function public.register_series(jsonb, text[], timestamptz);
