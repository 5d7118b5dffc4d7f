-- Removes the storing of samples of tags.

drop function public.put_tag_samples(jsonb, timestamptz);

drop function public.hear_tag_commands(text, timestamptz);

drop function public.roll_due_tag_minutes(integer[], jsonb, timestamptz);

drop function public.renew_tag_leases(uuid, jsonb, jsonb, timestamptz);

drop function public.note_tag_states(uuid, bigint, jsonb, jsonb, timestamptz);

drop function public.store_tag_samples(uuid, jsonb, timestamptz);

drop function public.judge_tag_rise(public.tag_leases, timestamptz, timestamptz);

drop function public.roll_tag_minutes(integer[], timestamptz[]);
