"""Every order of the steps of a protocol, through the real SQL functions on a real Postgres.

`exploring` tries whatever may come next in each state, and visits equal states once. `rewinding` makes the
calls, each of them once from each state of the database. `deliveries`, `alerts` and `bursts` say what the
steps are and what must hold. Nothing here imports `plantpulse`.
"""
