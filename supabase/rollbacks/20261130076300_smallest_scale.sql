-- Lets a tag have any scale but 0 again.

set lock_timeout = '2s';

alter table public.tags drop constraint tags_scale_check;

alter table public.tags add constraint tags_scale_check check (scale between -1e30 and 1e30 and scale <> 0);

comment on column public.tags.scale is 'The figure is the device''s number times this, plus shift_by.';
