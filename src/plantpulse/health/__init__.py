"""Health: the state of the pipelines of all plants, from their schedules and their runs.

`states` and `view` are pure; `service` answers invocations. Health claims no slot and writes no run, so every
call is answered anew.
"""
