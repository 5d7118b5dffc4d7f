"""Live Pulse: one poll of a plant's SQL Server, turned into snapshots and safety events in Supabase.

`sqlserver` reads (the only module that knows pymssql; what it asks stands in `queries/*.sql`), `readings`,
`slots` and `snapshots` judge without any I/O, and `job` puts the steps of one run in order. Where a run
may work at all, and what becomes of it, is decided in Postgres: `supabase/migrations`.
"""
