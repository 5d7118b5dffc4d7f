"""A stand-in for SQL Server: it speaks TDS 7.4 on a loopback socket and runs T-SQL on Postgres.

It is NOT SQL Server. It exists so that plantpulse can be run and tested with the real client
(pymssql, unmodified) where no SQL Server can be had. What it imitates: PRELOGIN, LOGIN7, language
batches, `sp_executesql`, ATTENTION, transactions, the types and functions that plain queries use,
and the numbers of the errors that a poll can meet, with TLS or without. What it does not: RPC
requests, MARS, bulk copy, stored procedures, control flow (IF, WHILE, TRY), query plans, locking of
readers by writers, and the linguistic sort order of strings. README.md beside this file has the whole list.

Nothing here is imported by plantpulse itself, and nothing listens beyond 127.0.0.1.
"""

from devstack.sqlserver.conversation import Login
from devstack.sqlserver.encryption import Tls
from devstack.sqlserver.faults import Faults, Traffic
from devstack.sqlserver.server import StandIn

__all__ = ["Faults", "Login", "StandIn", "Tls", "Traffic"]
