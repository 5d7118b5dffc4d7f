-- Runs are vacuumed by the server's defaults again.

set lock_timeout = '2s';

alter table public.pipeline_runs reset (
  autovacuum_vacuum_threshold,
  autovacuum_vacuum_scale_factor,
  autovacuum_vacuum_insert_threshold,
  autovacuum_vacuum_insert_scale_factor,
  vacuum_index_cleanup
);
