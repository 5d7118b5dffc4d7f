"""The trigger tag of a handshake group: which of its looks is a rise, and what is owed to the machine. Pure.

The machine raises the trigger when its values are ready. They are read and stored, then the acknowledge tag
is set, if the group has one. Clearing both is the machine's business: nothing else is ever written to it.

What is not known for sure counts as a rise: its values are then stored twice, and none are lost.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final


class Look(Enum):
    """What one look at the trigger tag means."""

    NOTHING = "nothing"
    RISE = "rise"
    DOUBTFUL = "doubtful"  # it stands high at the first look: only the burst before knows since when
    OTHERS = "others"  # it stands high, and the burst before may be about to acknowledge it
    TAKEN = "taken"  # it was acknowledged, and the machine has not noticed that yet
    FALL = "fall"


RISES: Final = (Look.RISE, Look.DOUBTFUL)


@dataclass(frozen=True, slots=True)
class Bits:
    """What a look saw: the trigger, and the acknowledgement; None if there is none, or it cannot be read."""

    is_high: bool
    is_taken: bool | None = None


@dataclass(slots=True)
class Rising:
    """How the trigger tag stood, and what is still to be written.

    `waits`: the machine waits for an acknowledgement. `level` None: it is not known how the trigger stands.
    `is_learning`: nobody knows how it stood before, so what stands high at the first look is no rise, unless
    a machine waits. `is_alone`: no other burst writes to the machine any more; until then a bit of unknown
    age is left alone, as two acknowledgements of one part would let the machine drop the next one.
    `unstored` is the slot of a rise that Supabase does not have yet: nothing is acknowledged before.
    `is_owed`: the acknowledge tag is to be set. `is_taken`: it was set since the trigger rose.
    """

    waits: bool = False
    level: bool | None = None
    is_learning: bool = False
    is_alone: bool = False
    unstored: datetime | None = field(default=None, init=False)
    is_owed: bool = field(default=False, init=False)
    is_taken: bool = field(default=False, init=False)
    _is_new: bool = field(default=True, init=False)

    def judge(self, bits: Bits) -> Look:
        """Return what a look means; nothing changes yet, because the read that follows may fail."""
        if not bits.is_high:
            return Look.NOTHING if self.level is False else Look.FALL
        if self.level is not None:
            # One that the machine has cleared belongs to a part before: no look has seen the bit low.
            has_risen_again = self.is_taken and bits.is_taken is False
            return Look.RISE if has_risen_again or not self.level else Look.NOTHING
        if self.waits:
            is_free = Look.RISE if self.is_alone else Look.OTHERS
            return Look.TAKEN if bits.is_taken else is_free
        if not self._is_new:
            return Look.RISE
        return Look.NOTHING if self.is_learning else Look.DOUBTFUL

    def take(self, look: Look, slot: datetime, bits: Bits) -> None:
        """Note a look that was dealt with. A fall takes back what was owed for the rise before."""
        if look is Look.OTHERS:
            return
        self._is_new, self.level = False, bits.is_high
        if look in RISES:
            self.unstored, self.is_owed, self.is_taken = slot, False, bool(bits.is_taken)
        elif look is Look.FALL:
            self.unstored, self.is_owed, self.is_taken = None, False, False
        elif look is Look.TAKEN:
            self.is_taken = True

    def forget(self) -> None:
        """Note that nobody has looked for a while: the bit may have dropped and risen for another part."""
        self.level, self.unstored, self.is_owed, self.is_taken = None, None, False, False

    def anew(self, *, waits: bool) -> "Rising":
        """Return one for another thread, which has not seen the trigger; what was owed is not known there."""
        other = Rising(waits, is_learning=self.is_learning, is_alone=self.is_alone)
        other._is_new = self._is_new
        return other

    def store(self, slot: datetime) -> None:
        """Note that Supabase has the sample of a slot: if it is the newest rise, it may be acknowledged."""
        if slot == self.unstored:
            self.unstored, self.is_owed = None, self.waits and not self.is_taken

    def lose(self, slot: datetime) -> None:
        """Note that the sample of a slot will not be stored: if it is the newest rise, it is read again."""
        if slot == self.unstored:
            self.forget()

    def write(self) -> None:
        """Note that the acknowledge tag was set."""
        self.is_owed, self.is_taken = False, True

    @property
    def was_low(self) -> bool:
        """Say whether the last look found the trigger clear; nothing was acknowledged since."""
        return self.level is False or not self.waits

    @property
    def is_doubtful(self) -> bool:
        """Say whether a bit that stands high now may have been seen by the burst before."""
        return self.level is None and self._is_new and not self.waits

    @property
    def is_settled(self) -> bool:
        """Say whether the machine waits for nothing."""
        return not self.is_owed and self.unstored is None
