"""The envelope of S7's packets: ISO transport class 0 over TCP. Pure.

Source: RFC 1006 (the header of four bytes); ISO 8073 / RFC 905, 13 (connection request, confirm, data).
"""

import struct
from typing import Final

HEADER: Final = 4
_VERSION: Final = 3
_REQUEST, _CONFIRM, _DATA, _LAST = 0xE0, 0xD0, 0xF0, 0x80
_REFERENCE: Final = 1  # our number of the connection
_OURS: Final = 0x0100  # the calling TSAP
_SIZE, _CALLING, _CALLED = 0xC0, 0xC1, 0xC2
_ASKED_SIZE: Final = 10  # 2 to its power: 1024 bytes
_SIZES: Final = range(7, 14)
_USUAL_SIZE: Final = 7  # where the confirmation does not say another


def connection_request(selector: int) -> bytes:
    """Return the packet that asks for a connection to a module."""
    parameters = struct.pack(">BBBBBHBBH", _SIZE, 1, _ASKED_SIZE, _CALLING, 2, _OURS, _CALLED, 2, selector)
    fixed = struct.pack(">BBHHB", 6 + len(parameters), _REQUEST, 0, _REFERENCE, 0)
    return _packet(fixed + parameters)


def data_packet(message: bytes) -> bytes:
    """Return the packet that carries a whole message."""
    return _packet(bytes([2, _DATA, _LAST]) + message)


def length_behind(header: bytes) -> int:
    """Return how many bytes follow a packet's header. Raises: ValueError if it is none."""
    version, reserved, length = struct.unpack(">BBH", header)
    if version != _VERSION or reserved or length < HEADER + 3:
        raise ValueError("does not speak ISO on TCP")
    return int(length) - HEADER


def confirmed_size(body: bytes) -> int:
    """Return how many bytes a packet may have behind its header.

    Raises: ValueError if the connection is not confirmed.
    """
    is_ours = len(body) > 6 and body[1] == _CONFIRM and body[2:4] == _REFERENCE.to_bytes(2)
    if not is_ours or body[0] != len(body) - 1:
        raise ValueError("refused the connection")
    parameters, exponent = body[7:], _USUAL_SIZE
    while len(parameters) > 2:
        code, length = parameters[:2]
        if code == _SIZE and length == 1 and parameters[2] in _SIZES:
            exponent = parameters[2]
        parameters = parameters[2 + length :]
    return 1 << exponent


def part_of_message(body: bytes) -> tuple[bytes, bool]:
    """Return what a packet carries, and whether the message ends with it.

    Raises: ValueError if it carries no data.
    """
    if len(body) < 3 or body[:2] != bytes([2, _DATA]) or body[2] not in (0, _LAST):
        raise ValueError("ended the connection, or sent what is no data")
    return body[3:], body[2] == _LAST


def _packet(body: bytes) -> bytes:
    return struct.pack(">BBH", _VERSION, 0, HEADER + len(body)) + body
