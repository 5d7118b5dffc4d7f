"""Chance without state: every draw is a function of a seed and of names, so that a year can be told again.

Pure. `drawn` is for a handful of numbers in a row, `wave` for what changes slowly, such as wind.
"""

import math
import random
from functools import lru_cache
from typing import Final

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_DAY_S: Final = 86_400


def drawn(seed: int, *names: object) -> random.Random:
    """Return a generator that draws the same numbers for the same names."""
    return random.Random("/".join(map(str, (seed, *names))))  # noqa: S311 - plausible, not secret


@lru_cache(maxsize=10_000)
def stream_of(seed: int, *names: object) -> int:
    """Return the number of a wave; it is made once and used often."""
    return drawn(seed, *names).getrandbits(64)


def wave(stream: int, at_s: int, period_s: int) -> float:
    """Return a value from -1 to 1 that turns smoothly about once a period."""
    number, within = divmod(at_s, period_s)
    share = (1 - math.cos(math.pi * within / period_s)) / 2
    return _knot(stream, number) * (1 - share) + _knot(stream, number + 1) * share


def season(at_s: int) -> float:
    """Return 1 in the middle of January, -1 in the middle of July."""
    return math.cos(2 * math.pi * (at_s / _DAY_S - 15) / 365.25)


def _knot(stream: int, number: int) -> float:
    # splitmix64: neighbouring numbers give values that have nothing to do with each other.
    mixed = (stream + number * _GOLDEN) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / (1 << 63) - 1
