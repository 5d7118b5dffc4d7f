"""Health: what the pipelines of all plants are doing, judged by their schedules and their runs.

`states` and `view` judge without any I/O; `service` is the way from an invocation to an answer. Health
claims no slot and writes no run: whoever asks twice sees twice.
"""
