"""The one way in which numbers that come from a sum or a division are rounded before they are stored."""

from typing import Final

STORED_DECIMALS: Final = 4


def stored_number(value: float) -> float:
    """Return the number with at most 4 decimals; whole ones as int, zero without a sign."""
    whole = int(value)  # compared, not asked: this runs for every number of every asset
    if whole == value:
        return whole
    rounded = round(value, STORED_DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded
