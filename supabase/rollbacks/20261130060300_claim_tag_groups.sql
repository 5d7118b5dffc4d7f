-- Removes the claim of groups of tags.

drop function public.claim_tag_groups(jsonb, timestamptz);

drop function public.claim_tag_group(jsonb, public.tag_groups, timestamptz);

drop function public.live_tag_leases(integer, timestamptz);

drop function public.tag_group_as_json(public.tag_groups);

drop function public.tag_as_json(public.tags);

drop function public.lock_tag_groups(integer[]);

drop function public.next_slot(integer, timestamptz);

drop function public.is_polled(public.tag_groups);
