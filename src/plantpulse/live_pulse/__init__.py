"""Live Pulse: one poll of a plant, turned into snapshots and safety events in Supabase.

`catch_up`, `safety` and `snapshots` are pure, `slot_reader` reads the due slots, `poll` is the order of the
steps, and `job` turns an invocation into a plan. Postgres decides whether a run may work, and how it ends:
`supabase/migrations`.
"""
