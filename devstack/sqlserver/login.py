"""PRELOGIN and LOGIN7: what a client says before its first batch. Source: MS-TDS 2.2.6.5 and 2.2.6.4."""

import struct
from dataclasses import dataclass
from typing import Final

from devstack.sqlserver.encryption import Encryption
from devstack.sqlserver.packets import MAX_PACKET_BYTES, MIN_PACKET_BYTES, ProtocolViolation

TDS_7_0: Final = 0x70000000
MAX_LOGIN_BYTES: Final = 128 * 1024
MAX_NAME_CHARACTERS: Final = 128
READ_ONLY_INTENT: Final = 0x20

_VERSION, _ENCRYPTION, _TERMINATOR = 0x00, 0x01, b"\xff"
_OPTION: Final = struct.Struct(">BHH")
_FIXED: Final = struct.Struct("<IIIIII4BiI")
_FIELD: Final = struct.Struct("<HH")
_FIELDS: Final = (
    "host",
    "user",
    "password",
    "application",
    "server",
    "extension",
    "library",
    "language",
    "database",
)


@dataclass(frozen=True)
class LoginRequest:
    """What a LOGIN7 message says; an empty `database` means the login's default one."""

    user: str
    password: str
    database: str
    application: str
    host: str
    library: str
    packet_bytes: int
    is_read_only: bool


def wished_encryption(payload: bytes) -> Encryption:
    """What a client's PRELOGIN says of encryption; one that says nothing of it has none.

    Raises: ProtocolViolation.
    """
    position = 0
    while payload[position : position + 1] != _TERMINATOR:
        if position + _OPTION.size > len(payload):
            raise ProtocolViolation("a PRELOGIN without an end")
        option, offset, _ = _OPTION.unpack_from(payload, position)
        if option == _ENCRYPTION:
            return _encryption(payload[offset : offset + 1])
        position += _OPTION.size
    return Encryption.NOT_SUPPORTED


def prelogin_answer(version: bytes, encryption: Encryption) -> bytes:
    """The PRELOGIN response: the version (6 bytes) and what was agreed on encryption."""
    options = ((_VERSION, version), (_ENCRYPTION, bytes([encryption])))
    offset = len(options) * _OPTION.size + 1
    head, body = b"", b""
    for option, value in options:
        head += _OPTION.pack(option, offset + len(body), len(value))
        body += value
    return head + _TERMINATOR + body


def parse_login(payload: bytes) -> LoginRequest:
    """Read a LOGIN7 message.

    Raises: ProtocolViolation: a length or an offset leads outside the message.
    """
    fields_end = _FIXED.size + len(_FIELDS) * _FIELD.size
    if not fields_end <= len(payload) <= MAX_LOGIN_BYTES:
        raise ProtocolViolation("a LOGIN7 of impossible length")
    length, version, packet_bytes, *_, flags, _, _, _ = _FIXED.unpack_from(payload)
    type_flags = payload[26]
    if length != len(payload) or version < TDS_7_0:
        raise ProtocolViolation("not a LOGIN7 of TDS 7")
    del flags
    raw = {name: _field(payload, _FIXED.size + index * _FIELD.size) for index, name in enumerate(_FIELDS)}
    raw["password"] = bytes(_unveil(byte) for byte in raw["password"])
    text = {name: value.decode("utf-16-le", errors="replace") for name, value in raw.items()}
    return LoginRequest(
        user=text["user"],
        password=text["password"],
        database=text["database"],
        application=text["application"],
        host=text["host"],
        library=text["library"],
        packet_bytes=min(max(packet_bytes, MIN_PACKET_BYTES), MAX_PACKET_BYTES),
        is_read_only=bool(type_flags & READ_ONLY_INTENT),
    )


def _encryption(value: bytes) -> Encryption:
    try:
        return Encryption(value[0])
    except (IndexError, ValueError) as error:
        raise ProtocolViolation("a PRELOGIN with an unknown encryption") from error


def _field(payload: bytes, position: int) -> bytes:
    offset, characters = _FIELD.unpack_from(payload, position)
    if characters > MAX_NAME_CHARACTERS or offset + 2 * characters > len(payload):
        raise ProtocolViolation("a LOGIN7 field outside the message")
    return payload[offset : offset + 2 * characters]


def _unveil(byte: int) -> int:
    """Undo the obfuscation of a password byte: exclusive or with 0xA5, then halves swapped."""
    turned = byte ^ 0xA5
    return (turned >> 4) | ((turned << 4) & 0xFF)
