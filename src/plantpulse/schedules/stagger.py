"""When, after its slot, each plant is polled or reports: not all of them in the same second.

Pure. A cron line has no seconds on either cloud. So plants are spread over the first minutes after a slot,
and the slot stays the same. The offset follows from the plant's key alone: no other plant changes it
(docs/decisions/0077). Where there are many plants, they are spread within their minute too
(docs/decisions/0128), and so are their reports (docs/decisions/0078).
"""

import hashlib
from collections.abc import Collection
from datetime import time, timedelta
from typing import Final

# Data comes later by this part of an interval at most, and by four minutes.
_LONGEST_PART: Final = 5
_LONGEST_MINUTES: Final = 5
# As many as a new AWS account runs at the same time. A wait costs money, and fewer plants disturb nobody.
_MOST_IN_A_SECOND: Final = 10
LONGEST_DELAY_S: Final = 20
_HALF_HOUR: Final = 30


def offset_of(plant: str, plants: Collection[str], every_minutes: int) -> timedelta:
    """Return how long after its slots a plant is polled, in whole minutes; a single plant is never late."""
    steps = min(every_minutes // _LONGEST_PART, _LONGEST_MINUTES)
    if len(plants) < 2 or steps < 2:
        return timedelta(0)
    return timedelta(minutes=_number_of(plant) % steps)


def offset_of_day(plant: str, plants: Collection[str], at: time) -> timedelta:
    """Return how long after a local time of each day a plant begins, in whole minutes; 0 for each of a few.

    It begins in the same half hour, because clocks are changed at full and half hours. So cron's line, which
    has the later time, and the slot are on the same side of every change.
    """
    if len(plants) <= _MOST_IN_A_SECOND:
        return timedelta(0)
    steps = min(_LONGEST_MINUTES, _HALF_HOUR - at.minute % _HALF_HOUR)
    return timedelta(minutes=_number_of(plant) % steps)


def delay_s(plant: str, plants: Collection[str]) -> int:
    """Return the second of its minute that a plant begins in, 1 to 20; 0 for each of a few plants."""
    if len(plants) <= _MOST_IN_A_SECOND:
        return 0
    return 1 + _number_of(plant) // _LONGEST_MINUTES**2 % LONGEST_DELAY_S


def _number_of(plant: str) -> int:
    return int.from_bytes(hashlib.sha256(str(plant).encode()).digest()[:4], "big")
