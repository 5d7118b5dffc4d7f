-- Removes the reading of handshake groups on call.

drop function public.commit_tag_trigger(jsonb, timestamptz);

drop function public.claim_tag_trigger(jsonb, timestamptz);
