"""The plant's SQL Server as every pipeline reads it.

`sqlserver` is the connection over `driver` (the only module that knows pymssql), `query_files` the questions
that stand in `queries/*.sql`, `answers` the account of what came back, `errors` and `meanings` what a
failure means. What the rows mean is told in `plant`.
"""
