"""Supabase: the only package that knows it.

`store` has the calls of the functions, over `transport`. The command line reads tables too, over `tables`.
"""

from plantpulse.database.refusals import refusal
from plantpulse.database.store import Supabase, connect

__all__ = ["Supabase", "connect", "refusal"]
