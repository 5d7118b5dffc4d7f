"""What a server says of a single value, as a quality. Pure.

Source: OPC 10000-4, 7.39 and its table of common status codes. Severity is in the two highest bits; the low
half of a code has details that change nothing.
"""

from collections.abc import Mapping
from typing import Final

from plantpulse.tags.readings import Quality

NODE_ID_UNKNOWN: Final = 0x80340000
INDEX_RANGE_NO_DATA: Final = 0x80370000
_CODE: Final = 0xFFFF0000
_SEVERITIES: Final = (Quality.GOOD, Quality.UNCERTAIN)

_MEANINGS: Final[Mapping[int, Quality]] = {
    0x80070000: Quality.NOT_READABLE,  # BadDecodingError
    0x800A0000: Quality.TIMED_OUT,  # BadTimeout: of the server's own device
    0x800D0000: Quality.NOT_CONNECTED,  # BadServerNotConnected
    0x801F0000: Quality.REFUSED,  # BadUserAccessDenied
    0x80310000: Quality.NOT_CONNECTED,  # BadNoCommunication: the server has lost its device
    0x80330000: Quality.NO_SUCH_ADDRESS,  # BadNodeIdInvalid
    NODE_ID_UNKNOWN: Quality.NO_SUCH_ADDRESS,
    0x80350000: Quality.NO_SUCH_ADDRESS,  # BadAttributeIdInvalid: a node without a value, such as a folder
    0x80360000: Quality.NO_SUCH_ADDRESS,  # BadIndexRangeInvalid
    INDEX_RANGE_NO_DATA: Quality.NO_SUCH_ADDRESS,  # the array is shorter
    0x80380000: Quality.NOT_READABLE,  # BadDataEncodingInvalid
    0x80390000: Quality.NOT_READABLE,  # BadDataEncodingUnsupported
    0x803A0000: Quality.REFUSED,  # BadNotReadable
    0x80740000: Quality.NOT_READABLE,  # BadTypeMismatch
    0x80850000: Quality.TIMED_OUT,  # BadRequestTimeout
    0x808A0000: Quality.NOT_CONNECTED,  # BadNotConnected
    0x80E60000: Quality.REFUSED,  # BadSecurityModeInsufficient
}


def quality_of(status: int) -> Quality:
    """Return the quality for a status code; a bad one that is not known is a failure of the device.

    The last value of a device that the server has lost comes as UNCERTAIN.
    """
    severity = status >> 30
    if severity < len(_SEVERITIES):
        return _SEVERITIES[severity]
    return _MEANINGS.get(status & _CODE, Quality.DEVICE_FAILURE)


def is_unknown_node(status: int) -> bool:
    """Say whether the server has no node of this id."""
    return status & _CODE == NODE_ID_UNKNOWN


def is_bad(status: int) -> bool:
    """Say whether nothing was done, or nothing is known."""
    return quality_of(status) not in _SEVERITIES
