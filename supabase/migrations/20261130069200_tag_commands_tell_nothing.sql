-- An operator learned which numbers groups of other plants have: a command for one of those was refused by apply_tag_command,
-- and a command for none by the foreign key, which was looked at first. Now the key is looked at last, so both are refused in
-- the same words. Nothing changes for old code.

set lock_timeout = '2s';

alter table public.tag_commands alter constraint tag_commands_group_id_fkey deferrable initially deferred;
