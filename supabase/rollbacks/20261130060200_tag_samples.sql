-- Removes the values of machine tags, and who reads them.

set lock_timeout = '2s';

drop trigger remove_tag_rows on public.tag_groups;

drop function public.remove_tag_rows();

drop table public.tag_triggers;

drop table public.tag_commands;

drop table public.tag_states;

drop table public.tag_minutes;

drop table public.tag_samples;

drop table public.tag_leases;
