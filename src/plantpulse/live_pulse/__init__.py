"""Live Pulse: one poll of a plant, turned into snapshots and safety events in Supabase.

`catch_up`, `safety` and `snapshots` judge without any I/O, `slot_reader` asks for what the due slots need,
`poll` is the order of the steps, and `job` what an invocation asks for. Where a run may work at all, and
what becomes of it, is decided in Postgres: `supabase/migrations`.
"""
