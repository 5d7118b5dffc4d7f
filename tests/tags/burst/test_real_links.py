"""Bursts with the real links of Modbus, and devices that allow one connection or several."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from time import monotonic

import pytest

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.devices import Devices
from plantpulse.tags.handshake import Handshake
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Group, Tag
from tests.patience import PATIENT_S
from tests.tags.burst.conftest import WAIT_S, Plant, slots_in
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

DEVICES = Devices(["127.0.0.0/8"], lambda _name: Credentials())
INTERVAL_MS = 3000  # so long that a busy machine reads each slot


class OneConnection:
    """A device with one connection: it accepts others at once, and closes or ignores them for good."""

    def __init__(self, *, closes: bool) -> None:
        self._closes = closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.served = 0
        self.not_served: list[socket.socket] = []
        self._serving: threading.Thread | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.not_served:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                if self._serving and self._serving.is_alive():
                    self.not_served.append(connection)
                    if self._closes:
                        connection.close()
                    continue
                self.served += 1
                self._serving = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._serving.start()

    @staticmethod
    def _serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while len(question := connection.recv(12)) == 12:
                number, _, _, unit, function, _, count = struct.unpack(">HHHBBHH", question)
                head = struct.pack(">HHHBBB", number, 0, 3 + 2 * count, unit, function, 2 * count)
                connection.sendall(head + struct.pack(">H", 7) * count)


@contextmanager
def one_connection(*, closes: bool) -> Iterator[OneConnection]:
    with closing(OneConnection(closes=closes)) as device:
        yield device


def add_group(plant: Plant, port: int) -> int:
    group = plant.add_group("press", address=f"modbus://127.0.0.1:{port}", interval_ms=INTERVAL_MS)
    plant.rows.execute("update public.tags set address = 'hr:0'")
    return group


def qualities(plant: Plant) -> list[int]:
    return [
        row["quality"] for row in plant.rows.execute("select quality from public.tag_samples order by slot")
    ]


@pytest.mark.parametrize("closes", [True, False])
def test_a_hand_over_of_a_device_with_one_connection_brings_no_bad_sample(plant: Plant, closes: bool) -> None:
    with one_connection(closes=closes) as device:
        press = add_group(plant, device.port)
        first = plant.burst(devices=DEVICES)
        plant.wait_for_samples(press, 1)

        plant.burst(devices=DEVICES, lead_s=3.0)
        first.wait()
        plant.wait_for_samples(press, 2)
        plant.bursts[-1].stop()

        assert device.not_served  # the successor came while the burst before was there
        assert device.served == 2
        assert set(qualities(plant)) == {Quality.GOOD}
        stored = plant.stored(press)
        assert stored == slots_in(stored, INTERVAL_MS)  # a slot that was missed has no sample


def asked_for(port: int) -> Group:
    tags = (Tag("order", "hr:0", "int16", position=1),)
    interval = timedelta(seconds=1)
    return Group(1, "north", "Orders", "handshake", interval, "modbus", f"modbus://127.0.0.1:{port}", tags)


def test_reads_on_request_do_not_disturb_a_burst_of_the_same_device(plant: Plant) -> None:
    handshake = Handshake(DEVICES, PATIENT_S)
    with serving(PymodbusDevice({0: 7})) as device:
        press = add_group(plant, device.port)
        running = plant.burst(devices=DEVICES)
        plant.wait_for_samples(press, 1)

        before = len(plant.stored(press))
        answers = []
        while len(plant.stored(press)) < before + 2:
            answers.append(handshake.read(asked_for(device.port), monotonic() + WAIT_S))
        running.stop()

        assert {one.error for one in answers} == {None}
        assert [one.readings for one in answers] == [[Reading(7)]] * len(answers)
        assert set(qualities(plant)) == {Quality.GOOD}


def test_a_read_on_request_of_a_device_with_one_connection_fails_and_the_burst_goes_on(plant: Plant) -> None:
    handshake = Handshake(DEVICES, PATIENT_S)
    with one_connection(closes=True) as device:
        press = add_group(plant, device.port)
        running = plant.burst(devices=DEVICES)
        plant.wait_for_samples(press, 1)

        answers = [handshake.read(asked_for(device.port), monotonic() + WAIT_S) for _ in range(20)]
        plant.wait_for_samples(press, 2)
        running.stop()

        assert {type(one.error) for one in answers} == {DeviceUnavailable}
        assert device.served == 1
        assert set(qualities(plant)) == {Quality.GOOD}
