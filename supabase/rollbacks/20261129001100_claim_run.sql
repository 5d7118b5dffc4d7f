-- Takes the functions away: nothing can be claimed. Runs stay.

drop function public.claim_run(jsonb, timestamptz);
drop function public.claim_answer(jsonb, public.pipeline_runs);
drop function public.run_lease(public.pipeline_runs);
drop function public.claimed_answer(jsonb, jsonb);
drop function public.coverage(text, text);
drop function public.run_in_the_way(jsonb);
drop function public.insert_run(jsonb, timestamptz);
drop function public.recent_manual_run(jsonb, timestamptz);
drop function public.abandon_expired_run(text, text, timestamptz);
