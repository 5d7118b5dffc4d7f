-- A role for Grafana: it reads what the dashboard plant.json shows of every plant, and nothing else. Row Level Security
-- lets it see every row, because it is of no plant. Give it a password of your own, and connect over TLS.

create role grafana_reader login noinherit bypassrls password 'change-me' connection limit 10;
alter role grafana_reader set default_transaction_read_only = on;
alter role grafana_reader set statement_timeout = '15s';
grant usage on schema public to grafana_reader;
grant select on public.assets, public.live_snapshots, public.safety_events, public.daily_summaries, public.alerts
to grafana_reader;
-- Without error_message and requested_by: they may name hosts and people.
grant select (id, pipeline, plant, trigger, slot, attempt, status, started_at, finished_at, error_code)
on public.pipeline_runs to grafana_reader;
