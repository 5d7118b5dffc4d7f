"""The plant's SQL Server, for every pipeline.

`sqlserver` is the connection over `driver` (the only module that knows pymssql). `query_files` has the
queries in `queries/*.sql`, `answers` the record of their results. `errors` and `meanings` interpret failures.
`plant` knows what the rows mean.
"""
