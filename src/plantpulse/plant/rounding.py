"""Rounds the results of sums and divisions: before they are stored, and for people.

Pure. Stored numbers keep four decimals, and JSON shows them so. People see one.
"""

from datetime import timedelta
from typing import Final

STORED_DECIMALS: Final = 4


def stored_number(value: float) -> float:
    """Return the number with at most 4 decimals; whole ones as int, zero without a sign."""
    whole = int(value)  # compared, not asked: this runs for every number of every asset
    if whole == value:
        return whole
    rounded = round(value, STORED_DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded


def shown_number(value: float) -> str:
    """Return the number as people read it: thousands apart, one decimal unless it is whole."""
    return f"{value:,.1f}".removesuffix(".0")


def shown_span(length: timedelta) -> str:
    """Return a span of time in its two largest units: 12 s, 14 min, 3 h 5 min, 2 d 4 h."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
