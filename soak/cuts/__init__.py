"""Cuts: real polls over a real TCP connection that is broken at one byte, one poll after the other.

The deployed service in a process of its own, the real driver, a proxy that alters, closes, resets or stalls
the connection at one byte of login, query or result, and the stand-in for SQL Server behind it, plain and
over TLS. Each poll has a plant of its own whose truth is the same. `python -m soak.cuts` breaks polls;
docs/reliability.md has what came of it.
"""
