-- Afterwards pages are told of nothing, and ask every minute.

set lock_timeout = '2s';

do $$
begin
  if to_regclass('realtime.messages') is not null then
    drop policy if exists plantpulse_members_listen on realtime.messages;
  end if;
exception
  when insufficient_privilege then
    raise warning 'the policy plantpulse_members_listen stays on realtime.messages: drop it in the SQL editor';
end;
$$;

drop trigger tell_run on public.pipeline_runs;
drop trigger tell_new on public.alerts;
drop trigger tell_changed on public.alerts;
drop trigger tell_new on public.safety_events;
drop trigger tell_changed on public.safety_events;
drop trigger tell_change on public.silences;
drop trigger tell_change on public.tag_commands;
drop trigger tell_new_or_gone on public.tag_groups;
drop trigger tell_changed on public.tag_groups;
drop function public.install_broadcast();
drop function public.tell_change();
drop function public.tell_run();
drop function public.tell_pages(text, jsonb);
drop function public.send_to_pages(text, jsonb);
