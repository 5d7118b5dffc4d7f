"""What a controller's end code means for the tags that were asked for. Pure.

Source: SH(NA)-080956ENG and SH(NA)-081257ENG, lists of error codes. What an FX5U really answers is known from
the measurements that aslmp publishes.
"""

from typing import Final

from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality

# No such device, or it has no such number.
_NOT_THERE: Final = (0xC056, 0xC05B, 0xC05C, 0x4030, 0x4031)
# More than one request may read.
_TOO_MANY: Final = (0xC051, 0xC052, 0xC053, 0xC054, 0xC0D8)
_UNKNOWN_COMMAND: Final = 0xC059
_PASSWORD: Final = (*range(0xC200, 0xC206), *range(0xC810, 0xC817))
_ROUTING: Final = range(0x4A00, 0x4C00)  # the network or station that was named is not there


def refusal_of(end_code: int, is_for_several: bool = False) -> Refusal:
    """Return what an end code means.

    A request for several blocks is asked in parts, whatever the controller has against it but a password or a
    way that is not there: some do not know such requests at all.
    """
    if end_code in _PASSWORD:
        return Refusal(end_code, Quality.REFUSED)
    if end_code in _ROUTING:
        return Refusal(end_code, Quality.NOT_CONNECTED)
    if end_code in _NOT_THERE:
        return Refusal(end_code, Quality.NO_SUCH_ADDRESS, is_divisible=True)
    if end_code in _TOO_MANY:
        return Refusal(end_code, Quality.REFUSED, is_divisible=True)
    quality = Quality.REFUSED if end_code == _UNKNOWN_COMMAND else Quality.DEVICE_FAILURE
    return Refusal(end_code, quality, is_divisible=is_for_several)
