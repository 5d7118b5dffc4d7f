"""The press and the scale as Modbus TCP devices, by pymodbus' own server: units 1 and 2 of one port."""

import struct
from collections.abc import Callable
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devstack.machines.signals import press_at, weight_at

PRESS: Final = 1
SCALE: Final = 2


def press_registers(seconds: float) -> list[int]:
    """Return the press' holding registers: strokes, force, oil (each two, first the high word), running."""
    shown = press_at(seconds)
    return [*_words(struct.pack(">Iff", shown.strokes, shown.force, shown.oil)), int(shown.is_running)]


def scale_registers(seconds: float) -> list[int]:
    """Return the scale's holding registers: the weight."""
    return _words(struct.pack(">f", weight_at(seconds)))


def server(port: int, now: Callable[[], float]) -> ModbusTcpServer:
    """Return the server; it is not listening yet."""
    devices = [_device(PRESS, press_registers, now), _device(SCALE, scale_registers, now)]
    return ModbusTcpServer(devices, address=("127.0.0.1", port))


def _device(unit: int, registers_at: Callable[[float], list[int]], now: Callable[[], float]) -> SimDevice:
    async def refresh(
        _function: int, _start: int, _address: int, _count: int, shown: list[int], _written: object
    ) -> ExcCodes | None:
        fresh = registers_at(now())
        shown[: len(fresh)] = fresh
        return None

    holding = SimData(0, values=registers_at(now()), datatype=DataType.REGISTERS)
    return SimDevice(unit, [holding], action=refresh)


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))
