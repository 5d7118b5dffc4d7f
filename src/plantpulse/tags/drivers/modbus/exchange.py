"""Asks one unit of a Modbus TCP device, one question at a time.

pymodbus builds requests and takes frames apart. Its own client is not used: its time-out begins anew with
each piece of a reply, it connects again without a word, each connection numbers its questions from 1 on, and
it takes the reply of another function for an answer. An answer counts here only if its transaction, unit,
function and length are those of the question.

Importing this module imports pymodbus: 0.03 s beside what a function needs anyway, 0.1 s alone. No part of it
costs less.
"""

from secrets import randbelow
from typing import Final

from pymodbus.framer.socket import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.values import refusal_of
from plantpulse.tags.reader import Refusal
from plantpulse.tags.stream import Connection

_HEADER_BYTES: Final = 7
_LENGTHS: Final = range(3, 255)  # of what follows the length itself: unit, function, at least one byte
_IS_EXCEPTION: Final = 0x80
_READS: Final[dict[Area, type[ModbusPDU]]] = {
    Area.COILS: ReadCoilsRequest,
    Area.DISCRETE_INPUTS: ReadDiscreteInputsRequest,
    Area.INPUT_REGISTERS: ReadInputRegistersRequest,
    Area.HOLDING_REGISTERS: ReadHoldingRegistersRequest,
}


class Exchange:
    """Questions to one unit over a connection, and their answers."""

    def __init__(self, connection: Connection, unit: int) -> None:
        self._connection = connection
        self._unit = unit
        self._framer = FramerSocket(DecodePDU(is_server=False))
        # Not from 1 on: a gateway may pass the late answer for one connection on to the next.
        self._transaction = randbelow(0xFFFF)

    def read(self, extent: Extent[Area], deadline_s: float) -> bytes | Refusal:
        """Return the bytes of bits or registers. Raises: DeviceUnavailable."""
        units = extent.length
        expected = (units + 7) // 8 if extent.area.has_bits else 2 * units
        answer = self._ask(_READS[extent.area](address=extent.start, count=units), deadline_s)
        if isinstance(answer, Refusal):
            return answer
        if answer[0] != expected or len(answer) != expected + 1:
            raise self._wrong(f"answered with {len(answer) - 1} bytes, not {expected}")
        return answer[1:]

    def set_coil(self, address: int, value: bool, deadline_s: float) -> Refusal | None:
        """Set a coil; the device must repeat what it has set. Raises: DeviceUnavailable."""
        request = WriteSingleCoilRequest(address=address, bits=[value])
        answer = self._ask(request, deadline_s)
        if isinstance(answer, Refusal):
            return answer
        if answer != request.encode():
            raise self._wrong("did not confirm what was written")
        return None

    def _ask(self, request: ModbusPDU, deadline_s: float) -> bytes | Refusal:
        """Return what follows the function code in the answer."""
        self._transaction = self._transaction % 0xFFFF + 1
        question = bytes([request.function_code]) + request.encode()
        self._connection.send(self._framer.encode(question, self._unit, self._transaction), deadline_s)
        answer = self._receive(deadline_s)
        if answer[0] == request.function_code:
            return answer[1:]
        if answer[0] != request.function_code | _IS_EXCEPTION or len(answer) != 2:
            raise self._wrong(f"answered with function {answer[0]}")
        return refusal_of(answer[1])

    def _receive(self, deadline_s: float) -> bytes:
        """Return the function code and data of a frame that belongs to the question."""
        header = self._connection.receive(_HEADER_BYTES, deadline_s)
        length = int.from_bytes(header[4:6])
        if any(header[2:4]) or length not in _LENGTHS:
            raise self._wrong("does not speak Modbus TCP")
        frame = header + self._connection.receive(length - 1, deadline_s)
        _, unit, transaction, answer = self._framer.decode(frame)
        if transaction != self._transaction:
            raise self._wrong("answered another question: perhaps a late answer")
        if unit != self._unit:
            raise self._wrong(f"answered for unit {unit}, not {self._unit}")
        return answer

    def _wrong(self, what: str) -> DeviceUnavailable:
        """Close the connection, as what comes next may be wrong too; return the error to raise."""
        self._connection.close()
        return DeviceUnavailable(f"{self._connection.device} {what}")
