"""Asks one MELSEC controller, one question at a time.

plc-comm-slmp builds requests and takes frames apart. Its client is not used: the connection is ours. An
answer counts here only if its subheader, route, serial number and length are those of the question.

A 3E frame has no serial number: a controller that is one answer behind could not be told. So each read ends
with an echo of a word that nobody else knows. If it does not come back, nothing of the read is used.

Importing this module imports all of plc-comm-slmp: 0.3 s. No part of it costs less.
"""

from collections.abc import Sequence
from secrets import randbelow, token_hex
from typing import Final

from slmp.constants import Command, FrameType, PLCSeries
from slmp.core import (
    DeviceRef,
    SlmpResponse,
    SlmpTarget,
    decode_response,
    encode_device_spec,
    encode_request,
    pack_bit_values,
    resolve_device_subcommand,
)
from slmp.errors import SlmpError

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.addresses import MOST_WORDS, Area
from plantpulse.tags.drivers.slmp.device import Device, Series
from plantpulse.tags.drivers.slmp.refusals import refusal_of
from plantpulse.tags.reader import Refusal
from plantpulse.tags.stream import Connection

_PROFILES: Final[dict[Series, str]] = {
    "": "melsec:qnudv",
    "q": "melsec:qnudv",
    "l": "melsec:lcpu",
    "iqr": "melsec:iq-r",
    "iql": "melsec:iq-l",
    "iqf": "melsec:iq-f",
}
_OWN_MODULE: Final = 0x03FF
_PATIENCE: Final = 12  # quarters of a second: how long a controller waits for another one that it asks
_HEADERS: Final = {FrameType.FRAME_3E: 9, FrameType.FRAME_4E: 13}
_LENGTHS: Final = range(2, 2 + 2 * MOST_WORDS + 1)  # of what follows the header: an end code and data
_MOST_BLOCKS: Final = {PLCSeries.QL: 120, PLCSeries.IQR: 60}


class Exchange:
    """Questions to one controller over a connection, and their answers."""

    def __init__(self, connection: Connection, device: Device) -> None:
        self._connection = connection
        self._profile = _PROFILES[device.series]
        self._series = PLCSeries.IQR if device.has_long_numbers else PLCSeries.QL
        self._frame = FrameType(device.frame)
        self._target = SlmpTarget(device.network, device.station, _OWN_MODULE, 0)
        self._serial = randbelow(0xFFFF)  # a late answer does not fit the next connection

    def sign_in(self, deadline_s: float) -> None:
        """Find out whether a controller is there that answers. Raises: DeviceUnavailable."""
        self._echo(deadline_s)

    def confirm(self, deadline_s: float) -> None:
        """Find out whether the answers so far were those to the questions. Raises: DeviceUnavailable."""
        if self._frame is FrameType.FRAME_3E:
            self._echo(deadline_s)

    def most_together(self, extents: Sequence[Extent[Area]]) -> int:
        """Return how many of the first extents fit into one question: only bits, or only words."""
        words, has_bits = 0, extents[0].area.has_bits
        for count, extent in enumerate(extents[: _MOST_BLOCKS[self._series]]):
            words += extent.length
            if words > MOST_WORDS or extent.area.has_bits != has_bits:
                return count
        return min(len(extents), _MOST_BLOCKS[self._series])

    def read(self, extents: Sequence[Extent[Area]], deadline_s: float) -> Sequence[bytes] | Refusal:
        """Return the words of each extent, low byte first. Raises: DeviceUnavailable."""
        blocks = [
            self._name(one.area, one.area.first_device(one.start)) + _two(one.length) for one in extents
        ]
        if len(blocks) == 1:
            command, data = Command.DEVICE_READ, blocks[0]
        else:
            count = len(blocks)
            counts = bytes([0, count] if extents[0].area.has_bits else [count, 0])
            command, data = Command.DEVICE_READ_BLOCK, counts + b"".join(blocks)
        answer = self._ask(
            command, resolve_device_subcommand(bit_unit=False, series=self._series), data, deadline_s
        )
        if answer.end_code:
            return refusal_of(answer.end_code, is_for_several=len(blocks) > 1)
        return self._divided(answer.data, [2 * one.length for one in extents])

    def set_bit(self, area: Area, number: int, value: bool, deadline_s: float) -> Refusal | None:
        """Set a bit. Raises: DeviceUnavailable."""
        data = self._name(area, number) + _two(1) + pack_bit_values([value])
        subcommand = resolve_device_subcommand(bit_unit=True, series=self._series)
        answer = self._ask(Command.DEVICE_WRITE, subcommand, data, deadline_s)
        if answer.end_code:
            return refusal_of(answer.end_code)
        if answer.data:
            raise self._wrong("did not confirm what was written")
        return None

    def _echo(self, deadline_s: float) -> None:
        word = token_hex(4).upper().encode("ascii")  # only 0 to 9 and A to F are allowed
        request = _two(len(word)) + word
        answer = self._ask(Command.SELF_TEST, 0, request, deadline_s)
        # A refusal names the command that it refuses, so it is the answer to this question, too.
        if answer.end_code == 0 and answer.data != request:
            raise self._wrong("answered another question: perhaps a late answer")
        if answer.end_code and answer.error_info is None:
            raise self._wrong(f"refused an echo: end code {answer.end_code:#06x}")

    def _name(self, area: Area, number: int) -> bytes:
        return encode_device_spec(DeviceRef(area.code, number, self._profile), series=self._series)

    def _ask(self, command: Command, subcommand: int, data: bytes, deadline_s: float) -> SlmpResponse:
        self._serial = (self._serial + 1) & 0xFFFF
        request = encode_request(
            frame_type=self._frame,
            serial=self._serial,
            target=self._target,
            monitoring_timer=_PATIENCE,
            command=command,
            subcommand=subcommand,
            data=data,
        )
        self._connection.send(request, deadline_s)
        answer = self._received(deadline_s)
        self._require_own(answer, command)
        return answer

    def _received(self, deadline_s: float) -> SlmpResponse:
        header = self._connection.receive(_HEADERS[self._frame], deadline_s)
        length = int.from_bytes(header[-2:], "little")
        if length not in _LENGTHS:
            raise self._wrong("does not speak SLMP")
        try:
            frame = header + self._connection.receive(length, deadline_s)
            return decode_response(frame, frame_type=self._frame)
        except SlmpError as error:
            raise self._wrong("does not speak SLMP") from error

    def _require_own(self, answer: SlmpResponse, command: Command) -> None:
        is_numbered = self._frame is FrameType.FRAME_4E
        if is_numbered and answer.serial != self._serial:
            raise self._wrong("answered another question: perhaps a late answer")
        if answer.target != self._target:
            raise self._wrong("answered for another station")
        if answer.end_code and answer.error_info and answer.error_info.command != command:
            raise self._wrong("answered another question: perhaps a late answer")

    def _divided(self, data: bytes, lengths: Sequence[int]) -> Sequence[bytes]:
        if len(data) != sum(lengths):
            raise self._wrong(f"answered with {len(data)} bytes, not {sum(lengths)}")
        parts, at = [], 0
        for length in lengths:
            parts.append(data[at : at + length])
            at += length
        return parts

    def _wrong(self, what: str) -> DeviceUnavailable:
        """Close the connection, as what comes next may be wrong too; return the error to raise."""
        self._connection.close()
        return DeviceUnavailable(f"{self._connection.device} {what}")


def _two(number: int) -> bytes:
    return number.to_bytes(2, "little")
