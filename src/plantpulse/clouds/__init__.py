"""Calls to the cloud: secrets, schedules, dead letters, notices.

Each cloud's SDK has its own package or module and is imported on first use, so a poll without it pays
nothing.
"""
