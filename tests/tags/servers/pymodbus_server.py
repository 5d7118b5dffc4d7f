"""pymodbus' own server, in a thread: a device of which a test says what it has."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devstack.processes import free_port

READY_S = 60.0  # on a busy machine too
_EMPTY = {65535: 0}  # it wants something in each table


class PymodbusDevice:
    """Units with registers and bits; `failing` are addresses that are answered with an exception.

    Only the addresses that it was given exist. `asked` are the questions: function, address, count.
    """

    def __init__(
        self,
        holding: Mapping[int, int],
        inputs: Mapping[int, int] | None = None,
        coils: Mapping[int, bool] | None = None,
        discrete: Mapping[int, bool] | None = None,
    ) -> None:
        self.port = free_port()
        self.asked: list[tuple[int, int, int]] = []
        self.failing: dict[int, ExcCodes] = {}
        self.most_registers = 125
        self.connections = 0
        self._blocks = (_bits(coils or {}), _bits(discrete or {}), _words(holding), _words(inputs or {}))
        self.device = SimDevice(1, self._blocks, action=self._act)

    def note(self, is_sending: bool, message: ModbusPDU) -> ModbusPDU:
        """Remember a question."""
        if not is_sending:
            self.asked.append((message.function_code, message.address, message.count))
        return message

    def count(self, is_connected: bool) -> None:
        """Count the connections that are open."""
        self.connections += 1 if is_connected else -1

    async def _act(
        self, _function: int, _start: int, address: int, count: int, _registers: object, _values: object
    ) -> ExcCodes | None:
        if count > self.most_registers:
            return ExcCodes.ILLEGAL_VALUE
        return next(
            (self.failing[one] for one in range(address, address + count) if one in self.failing), None
        )


def _words(values: Mapping[int, int]) -> list[SimData]:
    return [
        SimData(at, values=value, datatype=DataType.REGISTERS)
        for at, value in sorted((values or _EMPTY).items())
    ]


def _bits(values: Mapping[int, bool]) -> list[SimData]:
    return [
        SimData(at, values=value, datatype=DataType.BITS) for at, value in sorted((values or _EMPTY).items())
    ]


@contextmanager
def serving(device: PymodbusDevice, host: str = "127.0.0.1") -> Iterator[PymodbusDevice]:
    """Serve a device from a thread of its own until the context ends."""
    loop = asyncio.new_event_loop()
    is_ready = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        server = ModbusTcpServer(
            [device.device], address=(host, device.port), trace_pdu=device.note, trace_connect=device.count
        )
        await server.listen()
        is_ready.set()
        await stop.wait()
        await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus annotates it in part
        for _ in range(10):  # a connection that was just accepted gets its protocol
            await asyncio.sleep(0)
        while device.connections:
            await asyncio.sleep(0.001)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="pymodbus")
    thread.start()
    try:
        assert is_ready.wait(READY_S)
        yield device
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
