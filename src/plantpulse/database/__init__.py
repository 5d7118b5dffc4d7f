"""Supabase: the only package that knows it.

`transport` sends requests and says what a refusal means; `pipelines` is what the functions ask.
"""

from plantpulse.database.pipelines import Supabase, connect
from plantpulse.database.transport import refusal

__all__ = ["Supabase", "connect", "refusal"]
