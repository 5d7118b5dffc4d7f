"""Benchmarks: what a poll costs beside the least that any client could do. Never deployed.

Every figure is a ratio of two things measured in the same run, by turns, on the same real Postgres and
PostgREST and the same stand-in for SQL Server. `python -m bench` prints them; docs/performance.md explains
them.
"""
