-- Afterwards there is no page of the morning report.

drop function public.board_report(text, date, timestamptz);
drop function public.report_losses(text, date);
drop function public.report_totals(text, date[]);
revoke execute on function public.fallback_key(text) from authenticated;
