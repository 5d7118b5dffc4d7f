"""When pipelines are due: slots in UTC, schedules by interval or local clock, and the registry of pipelines.

Pure: the clock and the settings are arguments.
"""
