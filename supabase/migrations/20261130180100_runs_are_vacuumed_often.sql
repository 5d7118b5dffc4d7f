-- Health reads a day of runs from an index alone, unless Postgres does not know whether a page is visible to all: then it looks each run
-- up in the table. A vacuum notes that. By default one comes after a fifth of the table, which is two days of 1,000 plants, and
-- it passes over pages with dead rows while these are few: every run leaves one when it ends. So three quarters of health's work was
-- looking up. Now there is a vacuum after 5,000 runs and a thousandth of the table, and none is passed over. Nothing changes for old code.

set lock_timeout = '2s';

alter table public.pipeline_runs set (
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_scale_factor = 0.001,
  autovacuum_vacuum_insert_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0.001,
  vacuum_index_cleanup = on
);
