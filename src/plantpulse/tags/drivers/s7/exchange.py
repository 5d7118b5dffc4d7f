"""Asks one module of an S7 controller, one question at a time.

python-snap7 builds the messages. Its own connection is not used: its time-out begins anew with each piece of
a reply, it takes the first packet of a message for all of it, and it speaks IPv4 only. An answer counts here
only if its number, function, items and lengths are those of the question.

Importing this module imports all of python-snap7: 0.1 s. No part of it costs less.
"""

from collections.abc import Callable, Sequence
from secrets import randbelow
from typing import Final, TypeVar

from snap7.datatypes import S7Area, S7WordLen
from snap7.s7protocol import S7Protocol

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import Area
from plantpulse.tags.drivers.s7.replies import Answer, agreed_length, answers_of, written
from plantpulse.tags.drivers.s7.transport import (
    HEADER,
    confirmed_size,
    connection_request,
    data_packet,
    length_behind,
    part_of_message,
)
from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality
from plantpulse.tags.stream import Connection

_ASKED_LENGTH: Final = 960  # of messages, in bytes; the longest that an S7-1500 agrees on
_SHORTEST: Final = 64
_MOST_ITEMS: Final = 20  # of one question: more are refused by S7-300 and S7-400
_QUESTION, _ITEM = 12, 12  # bytes of a question, and of each item in it
_ANSWER, _STATUS = 14, 4  # bytes of an answer, and of each item in it beside its data
_TRANSPORT: Final = 3  # bytes that a packet has before its message
_TOO_LONG: Final = Refusal(0x8500, Quality.REFUSED, is_divisible=True)
_Read = TypeVar("_Read")


class Exchange:
    """Questions to one module over a connection, and their answers."""

    def __init__(self, connection: Connection, selector: int) -> None:
        self._connection = connection
        self._selector = selector
        self._protocol = S7Protocol()
        self._protocol.sequence = randbelow(0xFFFF)  # a late answer does not fit the next connection
        self._longest = self._longest_question = _SHORTEST

    def sign_in(self, deadline_s: float) -> None:
        """Connect to the module, and agree on how long messages may be. Raises: DeviceUnavailable."""
        self._connection.send(connection_request(self._selector), deadline_s)
        size = self._understood(confirmed_size, self._packet(deadline_s))
        request = self._protocol.build_setup_communication_request(pdu_length=_ASKED_LENGTH)
        reply = self._answer(request, deadline_s)
        length = self._understood(lambda one: agreed_length(one, self._protocol.sequence), reply)
        if isinstance(length, Refusal):
            raise self._wrong(f"refused to talk: error {length.code:#06x} of S7")
        if length < _SHORTEST:
            raise self._wrong(f"allows {length} bytes in a message")
        self._longest = min(length, _ASKED_LENGTH)
        self._longest_question = min(self._longest, size - _TRANSPORT)

    def most_together(self, extents: Sequence[Extent[Area]]) -> int:
        """Return how many of the first extents fit into one message, as do their answers; at least one."""
        asked, answered = _QUESTION, _ANSWER
        for count, extent in enumerate(extents[:_MOST_ITEMS]):
            asked, answered = asked + _ITEM, answered + _answer_bytes(extent)
            if count and (asked > self._longest_question or answered > self._longest):
                return count
        return min(len(extents), _MOST_ITEMS)

    def read(self, extents: Sequence[Extent[Area]], deadline_s: float) -> Sequence[Answer] | Refusal:
        """Return the bytes of each extent, or why there are none. Raises: DeviceUnavailable.

        What is too long for the messages that were agreed on is refused here.
        """
        if len(extents) == 1 and _ANSWER + _answer_bytes(extents[0]) > self._longest:
            return _TOO_LONG
        items = [(one.area.code, one.area.block, one.start, one.length) for one in extents]
        reply = self._answer(self._protocol.build_multi_read_request(items), deadline_s)
        lengths = [one.length for one in extents]
        return self._understood(lambda one: answers_of(one, self._protocol.sequence, lengths), reply)

    def set_bit(self, area: Area, byte: int, bit: int, value: bool, deadline_s: float) -> Refusal | None:
        """Set a bit. Raises: DeviceUnavailable."""
        place = 8 * byte + bit
        request = self._protocol.build_write_request(
            S7Area(area.code), area.block, place, S7WordLen.BIT, bytes([value])
        )
        reply = self._answer(request, deadline_s)
        return self._understood(lambda one: written(one, self._protocol.sequence), reply)

    def _answer(self, request: bytes, deadline_s: float) -> bytes:
        """Return the next message, in however many packets it comes."""
        self._connection.send(data_packet(request), deadline_s)
        message, is_whole = b"", False
        while not is_whole:
            part, is_whole = self._understood(part_of_message, self._packet(deadline_s))
            message += part
            if len(message) > _ASKED_LENGTH or not (part or is_whole):
                raise self._wrong("answered with a message that does not end")
        return message

    def _packet(self, deadline_s: float) -> bytes:
        header = self._connection.receive(HEADER, deadline_s)
        return self._connection.receive(self._understood(length_behind, header), deadline_s)

    def _understood(self, read: Callable[[bytes], _Read], data: bytes) -> _Read:
        try:
            return read(data)
        except ValueError as error:
            raise self._wrong(str(error)) from error

    def _wrong(self, what: str) -> DeviceUnavailable:
        """Close the connection, as what comes next may be wrong too; return the error to raise."""
        self._connection.close()
        return DeviceUnavailable(f"{self._connection.device} {what}")


def _answer_bytes(extent: Extent[Area]) -> int:
    return _STATUS + extent.length + extent.length % 2
