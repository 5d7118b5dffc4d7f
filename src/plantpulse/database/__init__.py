"""Supabase: the only package that knows it.

`transport` sends requests and translates refusals; `pipelines` has the calls of the functions.
"""

from plantpulse.database.store import Supabase, connect
from plantpulse.database.transport import refusal

__all__ = ["Supabase", "connect", "refusal"]
