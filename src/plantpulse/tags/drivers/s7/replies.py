"""What a controller answers: one status and data for each item that was asked for. Pure.

python-snap7 gives up a whole reply for one item that was refused.
Source: the headers and return codes as Wireshark's dissector s7comm and Snap7's s7_types.h have them.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality

READ: Final = 0x04
WRITE: Final = 0x05
SETUP: Final = 0xF0
_HEADER: Final = 12
_ANSWERS: Final = (0x02, 0x03)  # without data and with it
_DONE: Final = 0xFF
_IN_BITS: Final = (0x04, 0x05)  # how long an item is: in bits, or in bytes
_IN_BYTES: Final = (0x03, 0x06, 0x07, 0x09)
_TOO_LONG: Final = 0x85  # the class of errors about lengths
_NOT_ALLOWED: Final = (0x81, 0xD6)  # no such function here, or no right to it
_ITEMS: Final[Mapping[int, Quality]] = {
    0x03: Quality.REFUSED,  # access to the object is not allowed
    0x05: Quality.NO_SUCH_ADDRESS,  # beyond the end
    0x06: Quality.NOT_READABLE,  # type not supported
    0x07: Quality.NOT_READABLE,  # type inconsistent
    0x0A: Quality.NO_SUCH_ADDRESS,  # no such block, or one with optimised access
}
_DIVISIBLE: Final = (0x05, 0x0A)

Answer = bytes | Refusal


def answers_of(reply: bytes, number: int, lengths: Sequence[int]) -> Sequence[Answer] | Refusal:
    """Return the answers to a question for so many bytes each, or why all of it was refused.

    `number` is that of the question. Raises: ValueError if it is no answer to it.
    """
    body = _body(reply, number, READ)
    if isinstance(body, Refusal):
        return body
    count, data = body
    if count[:1] != bytes([len(lengths)]):
        raise ValueError("answered for another number of items")
    answers: list[Answer] = []
    for length in lengths:
        answer, data = _item(data, length)
        answers.append(answer)
    if data:
        raise ValueError("answered with bytes behind the last item")
    return answers


def written(reply: bytes, number: int) -> Refusal | None:
    """Return why one item was not written; None if it was. Raises: ValueError if it is no answer."""
    body = _body(reply, number, WRITE)
    if isinstance(body, Refusal):
        return body
    count, data = body
    if count != b"\x01" or len(data) != 1:
        raise ValueError("did not confirm what was written")
    return None if data[0] == _DONE else _refusal_of(data[0])


def agreed_length(reply: bytes, number: int) -> int | Refusal:
    """Return how long messages may be, in bytes. Raises: ValueError if it is no answer."""
    body = _body(reply, number, SETUP)
    if isinstance(body, Refusal):
        return body
    parameters, _ = body
    if len(parameters) != 7:
        raise ValueError("agreed on nothing")
    return int.from_bytes(parameters[5:7])


def _body(reply: bytes, number: int, function: int) -> tuple[bytes, bytes] | Refusal:
    """Return what follows the function's code, and the data."""
    if len(reply) < _HEADER or reply[0] != 0x32 or reply[1] not in _ANSWERS:
        raise ValueError("does not speak S7")
    _, _, _, reference, parameters, data, error, code = struct.unpack(">BBHHHHBB", reply[:_HEADER])
    if reference != number:
        raise ValueError("answered another question: perhaps a late answer")
    if len(reply) != _HEADER + parameters + data:
        raise ValueError("answered with another length than it says")
    if error or code:
        return _refusal_of_all(error, code)
    if not parameters or reply[_HEADER] != function:
        raise ValueError("answered with another function")
    end = _HEADER + parameters
    return reply[_HEADER + 1 : end], reply[end:]


def _item(data: bytes, length: int) -> tuple[Answer, bytes]:
    """Return the first answer, and what follows it: an odd number of bytes is filled up."""
    if len(data) < 4:
        raise ValueError("answered for fewer items than were asked for")
    status, kind, size = struct.unpack(">BBH", data[:4])
    if status != _DONE:
        return _refusal_of(status), data[4:]
    if kind not in (*_IN_BITS, *_IN_BYTES):
        raise ValueError("answered with a kind of data that is not known")
    if size != (8 * length if kind in _IN_BITS else length) or len(data) < 4 + length:
        raise ValueError(f"answered with another number of bytes than {length}")
    return data[4 : 4 + length], data[4 + length + length % 2 :]


def _refusal_of(status: int) -> Refusal:
    return Refusal(status, _ITEMS.get(status, Quality.DEVICE_FAILURE), status in _DIVISIBLE)


def _refusal_of_all(error: int, code: int) -> Refusal:
    quality = Quality.REFUSED if error in (*_NOT_ALLOWED, _TOO_LONG) else Quality.DEVICE_FAILURE
    return Refusal(error << 8 | code, quality, is_divisible=error == _TOO_LONG)
