-- A tag could have a scale so small that no 32-bit column holds its figures: 1e-50 of an int16 was a value that failed the call
-- that brought it. A scale is now 1e-30 or more, up or down; a smaller one becomes that. Nothing changes for old code: no
-- measurement has such a scale.

set lock_timeout = '2s';

alter table public.tags drop constraint tags_scale_check;

update public.tags as tag
set scale = sign(tag.scale) * 1e-30
where abs(tag.scale) < 1e-30;

alter table public.tags add constraint tags_scale_check check (abs(scale) between 1e-30 and 1e30);

comment on column public.tags.scale is
  'The figure is the device''s number times this, plus shift_by. From 1e-30 to 1e30, or below zero from -1e30 to -1e-30.';
