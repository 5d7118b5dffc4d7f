-- Looks at the foreign key of commands first again.

set lock_timeout = '2s';

alter table public.tag_commands alter constraint tag_commands_group_id_fkey not deferrable;
