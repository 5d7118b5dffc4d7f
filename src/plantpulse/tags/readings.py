"""What one read of a tag brought: a value, or why there is none. Pure."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import isfinite
from typing import Final

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable, PlantpulseError

Value = bool | int | float | str


class Quality(IntEnum):
    """How good a value is. The numbers are stored: none of them changes its meaning.

    Only a GOOD or UNCERTAIN reading has a value.
    """

    GOOD = 0
    NOT_CONNECTED = 1  # the device could not be reached
    TIMED_OUT = 2  # it did not answer in time
    NO_SUCH_ADDRESS = 3  # it has nothing at this address
    DEVICE_FAILURE = 4  # it answered that it cannot read now
    NOT_READABLE = 5  # the bytes are no value of this type: not a number, no text
    REFUSED = 6  # it lets nobody read this, or not us
    UNCERTAIN = 7  # it says itself that the value is doubtful, or took back its trigger while it was read
    NOT_ASKED = 8  # there was no time to ask for it: its turn comes in one of the next slots

    @property
    def words(self) -> str:
        """Return the name as it stands in a sentence."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One tag's value in its unit, and its quality; `value` is None unless the quality allows one."""

    value: Value | None
    quality: Quality = Quality.GOOD

    def doubted(self) -> "Reading":
        """Return it as a doubtful one, if it has a value."""
        return self if self.value is None else Reading(self.value, Quality.UNCERTAIN)


NOT_CONNECTED: Final = Reading(None, Quality.NOT_CONNECTED)
TIMED_OUT: Final = Reading(None, Quality.TIMED_OUT)
NOT_READABLE: Final = Reading(None, Quality.NOT_READABLE)
NOT_ASKED: Final = Reading(None, Quality.NOT_ASKED)
NO_SUCH_ADDRESS: Final = Reading(None, Quality.NO_SUCH_ADDRESS)

# What kind of trouble it is when no tag has a value: the first of these that was answered says it.
# What may pass by itself comes before what somebody has to mend.
_KINDS: Final[Mapping[Quality, type[PlantpulseError]]] = {
    Quality.NOT_CONNECTED: DeviceUnavailable,
    Quality.DEVICE_FAILURE: DeviceUnavailable,
    Quality.TIMED_OUT: DeviceTimedOut,
    Quality.NOT_ASKED: DeviceTimedOut,
    Quality.NO_SUCH_ADDRESS: DeviceRefused,
    Quality.NOT_READABLE: DeviceRefused,
    Quality.REFUSED: DeviceRefused,
}


def storable(reading: Reading, *, is_wide: bool) -> Reading:
    """Return a reading that JSON and Postgres have; a value that they do not have is NOT_READABLE.

    `is_wide`: its column has 64-bit floats, not 32-bit ones. It has no number that is not finite or too
    large, and no text with a NUL or half of a surrogate pair. A number that is too small becomes 0. Postgres
    would refuse the whole call for one of them.
    """
    value = reading.value
    if isinstance(value, str):
        is_text = not any(one == "\0" or "\ud800" <= one <= "\udfff" for one in value)
        return reading if is_text else NOT_READABLE
    if not isinstance(value, float):
        return reading
    if not isfinite(value):
        return NOT_READABLE
    return reading if is_wide else _storable_single(reading, value)


def _storable_single(reading: Reading, value: float) -> Reading:
    try:
        (single,) = struct.unpack(">f", struct.pack(">f", value))
    except OverflowError:
        return NOT_READABLE
    return reading if single or not value else replace(reading, value=0.0)


def refusal_of_all(readings: Sequence[Reading]) -> PlantpulseError | None:
    """Return the error of a device that answers, and of which no tag has a value; None if one has."""
    kept = [storable(reading, is_wide=True) for reading in readings]
    if any(reading.value is not None for reading in kept):
        return None
    found = list(dict.fromkeys(reading.quality for reading in kept))
    kind = next((kind for quality, kind in _KINDS.items() if quality in found), DeviceUnavailable)
    named = ", ".join(quality.words for quality in found)
    return kind(f"the device answers, but no tag has a value: {named}")
