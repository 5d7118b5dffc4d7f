-- Whoever has a monitoring of their own asks health for figures. They come with the view, in one call.
-- New function: the old code keeps working.

create function public.alert_figures(p_now timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'open', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'rule', figure.rule, 'plant', figure.plant, 'severity', figure.severity, 'number', figure.number
      ) order by figure.rule, figure.plant, figure.severity), '[]')
      from (
        select alert.rule, alert.plant, alert.severity, count(*) as number
        from public.alerts as alert
        where alert.resolved_at is null
        group by alert.rule, alert.plant, alert.severity
      ) as figure
    ),
    'channels', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', channel.name,
        'is_failing', channel.failing_since is not null,
        'untold', (
          select count(*)
          from public.notifications as known
          join public.alerts as alert on alert.id = known.alert_id
          where known.channel = channel.name and known.told is null and alert.resolved_at is null
        )
      ) order by channel.name), '[]')
      from public.alert_channels as channel
    )
  );
$$;

comment on function public.alert_figures(timestamptz) is
  'How many alerts are open by rule, plant and severity, and how each channel does: whether it fails, and how many open alerts it was not told of yet. p_now is ignored.';

revoke all on function public.alert_figures(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.alert_figures(timestamptz) to service_role;
