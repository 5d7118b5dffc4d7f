"""What one group owes to its machine: the acknowledgement of what was read and is stored.

A device that refuses has not set the bit, so it is asked again. After any other error nobody knows: the part
is looked at, read, stored and acknowledged anew.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plantpulse.errors import DeviceRefused, PlantpulseError
from plantpulse.tags.line import Line, tried
from plantpulse.tags.rising import Rising
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.tag import Group
from plantpulse.tags.tally import Tally

REFUSED_S: Final = 5.0  # between two attempts to acknowledge a part that the device refuses, or loses


@dataclass(slots=True, eq=False)
class Acknowledging:
    """The acknowledgement that a group owes; all but `confirm` and `lose` is called by the group's thread."""

    group: Group
    line: Line
    clock: SlotClock
    tally: Tally
    rising: Rising
    monotonic: Callable[[], float] = time.monotonic
    refusal: DeviceRefused | None = field(default=None, init=False)  # of what is owed now
    _refused_s: float = field(default=-math.inf, init=False)
    _unsure: PlantpulseError | None = field(default=None, init=False)  # how the last attempt failed
    _unsure_s: float = field(default=-math.inf, init=False)  # since when, if the one before it failed too
    _heard: deque[tuple[datetime, bool]] = field(default_factory=deque, init=False)

    def confirm(self, slot: datetime) -> None:
        """Hear that the sample of a slot is stored; called by the thread that talks to Supabase."""
        self._heard.append((slot, True))

    def lose(self, slot: datetime) -> None:
        """Hear that the sample of a slot will not be stored; called by the same thread as `confirm`."""
        self._heard.append((slot, False))

    def hear(self) -> None:
        """Note which samples are stored, and which never will be."""
        while self._heard:
            slot, is_stored = self._heard.popleft()
            if is_stored:
                self.rising.store(slot)
            else:
                self.rising.lose(slot)

    def begin_part(self) -> None:
        """Note that a part was read: it does not wait because the one before was refused."""
        self._refused_s, self.refusal = -math.inf, None

    def attempt(self, longest_s: float) -> bool:
        """Set the acknowledge tag, if that is owed and due; False if nobody knows whether it was set."""
        tag, now_s = self.group.acknowledge_tag, self.monotonic()
        is_owed = self.rising.is_owed and self.line.is_connected
        if tag is None or not is_owed or now_s - self._refused_s < REFUSED_S:
            return True
        self.begin_part()
        error = tried(lambda: self.line.write(tag, True, now_s + longest_s))
        if isinstance(error, DeviceRefused):  # the bit is not set for sure, so the machine still waits
            self._refused_s, self.refusal = now_s, error
            self.tally.fail(error, self.clock.at(now_s), slots=0)
        elif isinstance(error, PlantpulseError):
            self.tally.fail(error, self.clock.at(self.monotonic()), slots=0)
            self._unsure_s = now_s if self._unsure else -math.inf
            self._unsure = error
            return False  # it may have been set all the same, and the machine gone on: another look tells
        else:
            self._unsure = None
            self.rising.write()
        return True

    @property
    def hindrance(self) -> PlantpulseError | None:
        """Return why a rise has to wait: it may be a part whose acknowledgement got lost twice, a moment ago.

        Each attempt that fails stores the part again, so they are few.
        """
        is_new = self.rising.level is not None
        return None if is_new or self.monotonic() - self._unsure_s >= REFUSED_S else self._unsure

    @property
    def is_settled(self) -> bool:
        """Say whether the machine waits for nothing that can still be written."""
        can_write = self.group.acknowledge_tag is not None and self.line.is_connected
        return not can_write or self.rising.is_settled
