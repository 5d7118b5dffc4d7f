"""The samples of one group that wait for Supabase: a bounded queue. The oldest is dropped, and counted."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Group

HIGHEST_FOR_S: Final = 600.0  # at least, and twice as long at most
LEAST: Final = 10  # samples that even a slow group keeps
# Readings of a group, of 90 bytes: ten groups that are full fit into a function of 512 MB.
MOST_READINGS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Sample:
    """What one slot brought: a reading for each tag of the group; none if the whole read failed.

    `is_doubtful`: the trigger tag stood high when the burst began to look, so it may have risen before.
    """

    slot: datetime
    quality: Quality
    readings: Sequence[Reading] = ()
    read_ms: int = 0
    is_doubtful: bool = False


def limit_of(buffer_s: int, interval: timedelta, tags: int) -> int:
    """Return how many samples of a group are kept: those of so many seconds, if they fit into memory."""
    lasting = math.ceil(buffer_s / interval.total_seconds())
    return max(LEAST, min(lasting, MOST_READINGS // max(1, tags)))


class Buffer:
    """A queue between the thread that reads a group and the one that talks to Supabase.

    Each sample has the group by which it was read: somebody may change the group while samples wait.
    `limit` is in samples. An alert is made of `highest`, so an outage is forgotten a while after it.
    """

    def __init__(self, limit: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._monotonic = monotonic
        self._highest = self._highest_before = 0
        self._highest_since_s = monotonic()
        self._dropped = 0
        self._waiting: deque[tuple[Group, Sample]] = deque()
        self._lock = threading.Lock()

    def put(self, group: Group, sample: Sample) -> None:
        """Add a sample; a full queue loses its oldest ones."""
        with self._lock:
            while len(self._waiting) >= self.limit:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append((group, sample))
            self._note_length()

    def drain(self, most: int) -> list[tuple[Group, Sample]]:
        """Take out the oldest samples, at most `most`."""
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def take_dropped(self) -> int:
        """Return how many were dropped since this was last asked."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def highest(self) -> int:
        """Return the most samples that waited within the last ten to twenty minutes."""
        with self._lock:
            self._note_length()
            return max(self._highest, self._highest_before)

    def _note_length(self) -> None:
        spans = (self._monotonic() - self._highest_since_s) // HIGHEST_FOR_S
        if spans > 0:
            self._highest_before = self._highest if spans == 1 else 0
            self._highest, self._highest_since_s = 0, self._monotonic()
        self._highest = max(self._highest, len(self._waiting))
