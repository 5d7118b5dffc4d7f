-- Removes what rows in tag_commands do.

set lock_timeout = '2s';

drop trigger apply_tag_command on public.tag_commands;

drop function public.apply_tag_command();
