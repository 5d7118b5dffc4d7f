"""Hypothesis repeats the same examples, and no example has a deadline: a slow machine fails no test."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
