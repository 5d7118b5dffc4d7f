"""When, after its slot, each plant is polled: not all of them in the same second.

Pure. A cron line has no seconds on either cloud. So plants are spread over the first minutes after a slot,
and the slot stays the same. The offset follows from the plant's key alone: no other plant changes it
(docs/decisions/0077). Where there are many plants, they are spread within their minute too
(docs/decisions/0128).
"""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import Final

# Data comes later by this part of an interval at most, and by four minutes.
_LONGEST_PART: Final = 5
_LONGEST_MINUTES: Final = 5
# As many as a new AWS account runs at the same time. A wait costs money, and fewer plants disturb nobody.
_MOST_IN_A_SECOND: Final = 10
LONGEST_DELAY_S: Final = 20


def offset_of(plant: str, plants: Collection[str], every_minutes: int) -> timedelta:
    """Return how long after its slots a plant is polled, in whole minutes; a single plant is never late."""
    steps = min(every_minutes // _LONGEST_PART, _LONGEST_MINUTES)
    if len(plants) < 2 or steps < 2:
        return timedelta(0)
    return timedelta(minutes=_number_of(plant) % steps)


def delay_s(plant: str, plants: Collection[str]) -> int:
    """Return the second of its minute that a plant is polled in, 1 to 20; 0 for each of a few plants."""
    if len(plants) <= _MOST_IN_A_SECOND:
        return 0
    return 1 + _number_of(plant) // _LONGEST_MINUTES**2 % LONGEST_DELAY_S


def _number_of(plant: str) -> int:
    return int.from_bytes(hashlib.sha256(str(plant).encode()).digest()[:4], "big")
