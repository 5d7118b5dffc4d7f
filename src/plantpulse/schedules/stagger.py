"""When, after its slot, each plant is polled: not all of them in the same second.

Pure. A cron line has no seconds on either cloud, and a function that waits is paid for and takes a place of
the account's concurrency. So plants are spread over the first minutes after a slot, and the slot stays the
same. The offset follows from the plant's key alone: no other plant changes it (docs/decisions/0077).
"""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import Final

# Data comes later by this part of an interval at most, and by four minutes.
_LONGEST_PART: Final = 5
_LONGEST_MINUTES: Final = 5


def offset_of(plant: str, plants: Collection[str], every_minutes: int) -> timedelta:
    """Return how long after its slots a plant is polled, in whole minutes; a single plant is never late."""
    steps = min(every_minutes // _LONGEST_PART, _LONGEST_MINUTES)
    if len(plants) < 2 or steps < 2:
        return timedelta(0)
    number = int.from_bytes(hashlib.sha256(str(plant).encode()).digest()[:4], "big")
    return timedelta(minutes=number % steps)
