"""The soak: weeks to years of a plant in simulated time, with bad luck drawn from a seed. Never deployed.

The functions' real services and the real SQL functions on a real Postgres run against a simulated clock,
scheduler, SQL Server and network. What must be true afterwards is worked out by a model of the plant that
imports nothing of `plantpulse` (`plant`, `ledger`, `truth`). `python -m soak` runs seeds; docs/reliability.md
explains them.
"""
