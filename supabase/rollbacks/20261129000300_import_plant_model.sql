-- Takes the functions away. What was imported stays.

drop function public.overlapping_targets(jsonb);
drop function public.import_shift_targets(text, text[], jsonb, boolean);
drop function public.import_assets(text, text[], jsonb, boolean);
drop function public.import_cost_centers(text, text[], jsonb, boolean);
drop function public.import_answer(jsonb, jsonb);
drop function public.changed_values(jsonb, jsonb);
