"""The trigger tag of a handshake group: which of its looks is a rise, and what is owed to the machine. Pure.

The machine raises the trigger when its values are ready. They are read and stored, then the acknowledge tag
is set, if the group has one. It is reset when the machine drops the trigger.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Look(Enum):
    """What one look at the trigger tag means."""

    NOTHING = "nothing"
    RISE = "rise"
    DOUBTFUL = "doubtful"  # it stands high at the first look: only the burst before knows since when
    FALL = "fall"


@dataclass(slots=True)
class Rising:
    """How the trigger tag stood, and what is still to be written.

    `level` None: it was not seen yet. `is_learning`: what stands high at the first look is of unknown age,
    and no machine waits for its acknowledgement. `owed` is the next value of the acknowledge tag, None if it
    stands as it should. `unstored` is the slot of a rise that Supabase does not have yet: nothing is
    acknowledged before.
    """

    level: bool | None = None
    is_learning: bool = False
    owed: bool | None = None
    unstored: datetime | None = None

    def judge(self, *, is_high: bool) -> Look:
        """Return what a look means; nothing changes yet, because the read that follows may fail."""
        if is_high is self.level:
            return Look.NOTHING
        if not is_high:
            return Look.FALL
        if self.level is False:
            return Look.RISE
        return Look.NOTHING if self.is_learning else Look.DOUBTFUL

    def take(self, look: Look, slot: datetime, *, is_high: bool) -> None:
        """Note a look that was dealt with. A fall takes back what was owed for the rise before."""
        self.level = is_high
        if look in {Look.RISE, Look.DOUBTFUL}:
            self.unstored, self.owed = slot, None
        elif look is Look.FALL:
            self.unstored, self.owed = None, False

    def store(self, slot: datetime) -> None:
        """Note that Supabase has the sample of a slot: if it is the newest rise, it may be acknowledged."""
        if slot == self.unstored:
            self.unstored, self.owed = None, True

    def write(self, value: bool) -> None:
        """Note that the acknowledge tag was written."""
        if self.owed is value:
            self.owed = None

    @property
    def is_settled(self) -> bool:
        """Say whether the machine waits for nothing."""
        return self.owed is None and self.unstored is None
