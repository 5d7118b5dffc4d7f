"""Morning Report: each plant's production days, one row of `daily_summaries` for every asset and day.

`job` is the pipeline, `day_reader` reads SQL Server; the other modules are the pure core.
"""
