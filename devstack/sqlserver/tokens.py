"""The tokens of a TDS response, each as bytes. Source: MS-TDS 2.2.7."""

import struct
from enum import IntFlag
from typing import Final

TDS_7_4: Final = 0x74000004
_TRANSACTION: Final = (1).to_bytes(8, "little")
# Latin1_General_CI_AS, the collation that every string column is said to have.
COLLATION: Final = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))


class DoneStatus(IntFlag):
    """The bits of a DONE token's status."""

    FINAL = 0x00
    MORE = 0x01
    ERROR = 0x02
    COUNT = 0x10
    ATTENTION = 0x20


class Done:
    """The three DONE tokens: of a statement, of a procedure, of a statement inside one."""

    STATEMENT = 0xFD
    PROCEDURE = 0xFE
    IN_PROCEDURE = 0xFF


def done(token: int, status: int, *, command: int = 0, rows: int = 0) -> bytes:
    """A DONE, DONEPROC or DONEINPROC token; `rows` counts only with the COUNT bit."""
    return struct.pack("<BHHQ", token, status, command, rows)


def return_status(value: int) -> bytes:
    """The return value of a procedure."""
    return struct.pack("<Bi", 0x79, value)


def message(*, number: int, state: int, severity: int, text: str, line: int, server: str) -> bytes:
    """An ERROR token, or below severity 11 an INFO token."""
    token = 0xAA if severity > 10 else 0xAB
    body = struct.pack("<iBB", number, state, severity)
    body += _long_text(text) + _short_text(server) + _short_text("") + struct.pack("<i", line)
    return struct.pack("<BH", token, len(body)) + body


def login_acknowledgement(product: str, version: tuple[int, int, int]) -> bytes:
    """LOGINACK for TDS 7.4; `version` is major, minor, build."""
    major, minor, build = version
    body = struct.pack(">BI", 1, TDS_7_4) + _short_text(product) + struct.pack(">BBH", major, minor, build)
    return struct.pack("<BH", 0xAD, len(body)) + body


def database_changed(new: str, old: str) -> bytes:
    """ENVCHANGE: the current database."""
    return _environment_change(1, _short_text(new) + _short_text(old))


def language_changed(new: str) -> bytes:
    """ENVCHANGE: the language of messages."""
    return _environment_change(2, _short_text(new) + _short_text(""))


def packet_size_changed(new: int, old: int) -> bytes:
    """ENVCHANGE: the negotiated packet size in bytes."""
    return _environment_change(4, _short_text(str(new)) + _short_text(str(old)))


def collation_changed() -> bytes:
    """ENVCHANGE: the collation of the session."""
    return _environment_change(7, bytes([len(COLLATION)]) + COLLATION + b"\x00")


def transaction_began() -> bytes:
    """ENVCHANGE: a transaction has begun; there is one at a time, so its descriptor is constant."""
    return _environment_change(8, bytes([len(_TRANSACTION)]) + _TRANSACTION + b"\x00")


def transaction_ended(*, is_committed: bool) -> bytes:
    """ENVCHANGE: the transaction was committed or rolled back."""
    return _environment_change(9 if is_committed else 10, b"\x00" + bytes([len(_TRANSACTION)]) + _TRANSACTION)


def column_metadata(columns: list[tuple[str, bytes]]) -> bytes:
    """COLMETADATA from (name, TYPE_INFO) pairs; every column may be null."""
    parts = [struct.pack("<BH", 0x81, len(columns))]
    for name, type_info in columns:
        parts.append(struct.pack("<IH", 0, 0x0009) + type_info + _short_text(name))
    return b"".join(parts)


def _environment_change(kind: int, values: bytes) -> bytes:
    return struct.pack("<BHB", 0xE3, len(values) + 1, kind) + values


def _short_text(text: str) -> bytes:
    encoded = text.encode("utf-16-le")[: 2 * 255]
    return bytes([len(encoded) // 2]) + encoded


def _long_text(text: str) -> bytes:
    encoded = text.encode("utf-16-le")[: 2 * 4000]
    return struct.pack("<H", len(encoded) // 2) + encoded
