"""The readings of a rise, over as many slots as it takes to read them all. Pure.

The machine holds its values until they are acknowledged, so what one slot did not reach is read in the next.
What the device says of a tag for good is an answer. What it cannot read now may be read a moment later, but
no machine waits for that for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plantpulse.tags.readings import Quality, Reading

MOST_READS: Final = 5  # of a rise, for tags that the device cannot read now
_MAY_PASS: Final = (Quality.NOT_CONNECTED, Quality.TIMED_OUT, Quality.DEVICE_FAILURE)


@dataclass(slots=True)
class Gathering:
    """What is known of the rise that is being read.

    `slot` is that of its first read, None without one. A tag that stayed bad through all reads of a rise is
    waited for no more, until it has been read.
    """

    slot: datetime | None = None
    known: Sequence[Reading] = ()
    _reads: int = 0
    _stays_bad: frozenset[int] = field(default_factory=frozenset)

    def add(self, slot: datetime, readings: Sequence[Reading]) -> int:
        """Add what a slot brought, and return how many tags are worth another read."""
        self.slot = self.slot or slot
        self._reads += 1
        self.known = [_better(*one) for one in zip(self.known or readings, readings, strict=True)]
        return sum(self._is_open(place, one.quality) for place, one in enumerate(self.known))

    def begin_anew(self) -> None:
        """Forget what is known of the rise."""
        self.slot, self.known, self._reads = None, (), 0

    def take(self) -> Sequence[Reading]:
        """Return what is known, and begin anew."""
        known = self.known
        bad = frozenset(place for place, one in enumerate(known) if one.quality in _MAY_PASS)
        self._stays_bad = bad if self._reads >= MOST_READS else bad & self._stays_bad
        self.begin_anew()
        return known

    def _is_open(self, place: int, quality: Quality) -> bool:
        is_waited_for = self._reads < MOST_READS and place not in self._stays_bad
        return quality is Quality.NOT_ASKED or (is_waited_for and quality in _MAY_PASS)


def _better(earlier: Reading, later: Reading) -> Reading:
    """Return the later reading, unless it says less of the tag than the earlier one."""
    if later.quality is Quality.NOT_ASKED:
        return earlier
    is_answered = earlier.quality not in (Quality.NOT_ASKED, *_MAY_PASS)
    says_less = later.quality is Quality.UNCERTAIN or later.quality in _MAY_PASS
    return earlier if is_answered and says_less else later
