"""The link to a controller: pylogix signs in and writes; every byte comes and goes by our deadlines."""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic
from typing import Any, Final, cast

from pylogix import PLC

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable, one_line
from plantpulse.tags.drivers.ethernet_ip.replies import (
    Answer,
    answer_of,
    answers_of,
    batches,
    reading_of,
    several,
)
from plantpulse.tags.drivers.ethernet_ip.tag_names import TagName, parse_tag_name
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag

_HEADER: Final = 24
_UNIT_DATA: Final = 0x70
_SEQUENCE: Final = slice(44, 46)
_REPLY_BEGINS: Final = 46
_GOODBYE_S: Final = 0.4


class EthernetIpLink:
    """One connection to one controller; see `plantpulse.tags.link.Link`."""

    signs_in: Final = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._device = f"{endpoint.host}:{endpoint.port}"
        self._is_micro = endpoint.options.get("controller") == "micro800"
        self._plc = PLC(endpoint.host, int(endpoint.path or 0), Micro800=self._is_micro, port=endpoint.port)
        # pylogix never ends when a controller closes its connection in the middle of a reply, waits anew for
        # each piece, and takes any reply for the next answer: both are done here.
        self._plc.conn.receive_data = self._receive
        self._plc.conn._get_bytes = self._exchange
        self._deadline_s = 0.0
        self._in_use = Lock()
        self._is_closed = self._is_broken = False

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable."""
        try:
            with self._used(deadline_s):
                self._plc.SocketTimeout = self._left_s()
                is_connected, reason = self._plc.conn.connect()
                if not is_connected:
                    raise reason if isinstance(reason, OSError) else self._refused_connection()
        except BaseException:
            self.close()
            raise

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        names = cast(Sequence[TagName], plan.requests)
        with self._used(deadline_s):
            return self._readings(plan.tags, names)

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit. Raises: DeviceUnavailable; DeviceRefused if it is no bit, or nobody may set it."""
        name = parse_tag_name(tag.address, is_bool=True, has_words_of_bits=not self._is_micro)
        with self._used(deadline_s):
            (reading,) = self._readings([tag], [name])
            if reading.quality is not Quality.GOOD or not isinstance(reading.value, bool):
                raise DeviceRefused(f"{self._device} has no bit {tag.address} to set")
            response = self._plc.Write(tag.address, value)
            if response.Status != "Success":
                raise DeviceRefused(f"{self._device} did not set {tag.address}: {response.Status}")

    def close(self) -> None:
        """End the connection; a thread that waits for the controller wakes up."""
        self._is_closed = True
        connection = self._plc.conn
        if not self._in_use.acquire(blocking=False):
            with suppress(OSError):
                connection.Socket.shutdown(socket.SHUT_RDWR)
            if not self._in_use.acquire(timeout=_GOODBYE_S):
                return  # it closes the connection itself when it notices
        try:
            self._end()
        finally:
            self._in_use.release()

    def _readings(self, tags: Sequence[Tag], names: Sequence[TagName]) -> Sequence[Reading]:
        requests = [name.read_request() for name in names]
        answers: list[Answer] = []
        for batch in self._batches(tags, requests):
            answers += self._answers(requests[batch])
        return [reading_of(*one) for one in zip(tags, names, answers, strict=True)]

    def _batches(self, tags: Sequence[Tag], requests: Sequence[bytes]) -> Sequence[slice]:
        if self._is_micro:  # it takes one request at a time
            return [slice(place, place + 1) for place in range(len(tags))]
        return batches(tags, requests, self._plc.ConnectionSize)

    def _answers(self, requests: Sequence[bytes]) -> Sequence[Answer]:
        together = requests[0] if self._is_micro else several(requests)
        _, reply = self._plc.conn.send(together)
        body = reply[_REPLY_BEGINS:]
        return [answer_of(body)] if self._is_micro else answers_of(body, len(requests))

    def _exchange(self, request: bytes, connected: bool) -> tuple[int, bytes]:
        """Return the status and the reply to this request, and to no other."""
        connection = self._plc.conn.Socket
        connection.settimeout(self._left_s())
        connection.sendall(request)
        reply = self._receive()
        if len(reply) < _REPLY_BEGINS + 4 or reply[0] != _UNIT_DATA:
            raise ValueError("it is no answer to a request for tags")
        is_ours = reply[_SEQUENCE] == request[_SEQUENCE] and reply[46] == request[46] | 0x80
        if not is_ours:
            raise ValueError("it answers another request")
        return reply[48], reply

    def _receive(self) -> bytes:
        header = self._bytes(_HEADER)
        length, status = struct.unpack_from("<H", header, 2)[0], struct.unpack_from("<I", header, 8)[0]
        if status:
            raise DeviceUnavailable(f"{self._device} refused a request: status {status:#x} of EtherNet/IP")
        return header + self._bytes(length)

    def _bytes(self, count: int) -> bytes:
        connection, data = self._plc.conn.Socket, bytearray()
        while len(data) < count:
            connection.settimeout(self._left_s())
            piece = connection.recv(count - len(data))
            if not piece:
                raise DeviceUnavailable(f"{self._device} closed the connection")
            data += piece
        return bytes(data)

    @contextmanager
    def _used(self, deadline_s: float) -> Iterator[None]:
        """Use the connection, and translate what goes wrong."""
        with self._in_use:
            if self._is_closed or self._is_broken:
                raise DeviceUnavailable(f"the link to {self._device} is not connected")
            self._deadline_s = deadline_s
            self._is_broken = True
            try:
                yield
            except DeviceRefused:  # that is an answer: the connection goes on
                self._is_broken = False
                raise
            except TimeoutError as error:
                raise DeviceTimedOut(f"{self._device} did not answer in time") from error
            except OSError as error:
                raise DeviceUnavailable(f"the connection to {self._device} failed: {error}") from error
            except (ValueError, struct.error, LookupError, TypeError) as error:
                raise DeviceUnavailable(
                    f"{self._device} answered what is no reply: {one_line(str(error))}"
                ) from error
            else:
                self._is_broken = False
            finally:
                if self._is_closed:
                    self._end()

    def _left_s(self) -> float:
        left_s = self._deadline_s - monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _refused_connection(self) -> DeviceUnavailable:
        return DeviceUnavailable(
            f"{self._device} made no connection: its slot is another one, or it has no connection left"
        )

    def _end(self) -> None:
        connection: Any = self._plc.conn
        self._deadline_s = monotonic() + _GOODBYE_S
        with suppress(Exception):
            if not self._is_broken:
                connection.Socket.settimeout(_GOODBYE_S)
                self._plc.Close()
        self._is_broken = True
        connection.Socket.close()
        connection.msg_socket.close()
