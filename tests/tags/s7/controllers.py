"""The memory of the controller that the tests read, and links to it."""

import struct
from collections.abc import Sequence
from time import monotonic
from typing import Final

from plantpulse.tags.drivers.s7 import DRIVER
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading, Value
from plantpulse.tags.tag import DataType, Tag
from tests.patience import PATIENT_S


def text(characters: str, room: int, encoding: str) -> bytes:
    """Return a STRING as it lies in a block."""
    raw = characters.encode(encoding)
    return bytes([room, len(raw)]) + raw.ljust(room, b"\0")


def wide_text(characters: str, room: int) -> bytes:
    """Return a WSTRING as it lies in a block."""
    raw = characters.encode("utf-16-be")
    return struct.pack(">HH", room, len(raw) // 2) + raw.ljust(2 * room, b"\0")


NUMBERS: Final = struct.pack(
    ">BbBxHhiIfqQdf", 0b0000_1001, -5, 200, 65535, -2, -70000, 4294967295, 12.3, 2**53 + 1, 2**64 - 1, -0.001,
    float("nan"),
)  # fmt: skip
TEXTS: Final = (
    text("Los 4711", 20, "ascii")
    + text("Şişe İı Ğğ", 20, "cp1254")
    + text("Γραμμή Ω", 20, "cp1253")
    + text("部品-A", 20, "shift_jis")
    + wide_text("Şişe Γραμμή 部品", 20)
    + b"ABCD\0\0\0\0"
    + bytes(22)
    + bytes([20, 21])
    + b"x" * 20
)
BLOCK: Final = NUMBERS + bytes(100 - len(NUMBERS)) + TEXTS
AREAS: Final = {
    "DB1": BLOCK,
    "DB7": bytes(range(256)) * 4,
    "DB9": bytes(8),
    "DB12": text("long " * 50, 254, "ascii"),
    "I": bytes([0b0000_0001, 0x12, 0x34, 0]),
    "Q": bytes([0b1000_0000, 0, 0xFF, 0xFE]),
    "M": bytes([0, 0b0010_0000]) + struct.pack(">f", 21.5) + struct.pack(">d", 0.1),
}
# Each address with its type, its length and the value that it has.
VALUES: Final[Sequence[tuple[str, DataType, int, Value]]] = (
    ("DB1.DBX0.0", "bool", 0, True),
    ("DB1.DBX0.1", "bool", 0, False),
    ("db1.dbx0.3", "bool", 0, True),
    ("DB1.DBB1", "int8", 0, -5),
    ("DB1.DBB2", "uint8", 0, 200),
    ("DB1.DBW4", "uint16", 0, 65535),
    ("%DB1.DBW6", "int16", 0, -2),
    ("DB1.DBD8", "int32", 0, -70000),
    ("DB1.DBD12", "uint32", 0, 4294967295),
    ("DB1.DBD16", "float32", 0, 12.3),
    ("DB1.DBL20", "int64", 0, 2**53 + 1),
    ("DB1.DBL28", "uint64", 0, 2**64 - 1),
    ("DB1.DBL36", "float64", 0, -0.001),
    ("DB1.STRING100", "string", 20, "Los 4711"),
    ("DB1.STRING100.20", "string", 0, "Los 4711"),
    ("DB1.WSTRING188", "string", 20, "Şişe Γραμμή 部品"),
    ("DB1.CHAR232", "string", 8, "ABCD"),
    ("DB1.CHAR232.3", "string", 0, "ABC"),
    ("I0.0", "bool", 0, True),
    ("E0.1", "bool", 0, False),
    ("IW1", "uint16", 0, 0x1234),
    ("EB1", "uint8", 0, 0x12),
    ("Q0.7", "bool", 0, True),
    ("A0.7", "bool", 0, True),
    ("AW2", "int16", 0, -2),
    ("M1.5", "bool", 0, True),
    ("MD2", "float32", 0, 21.5),
    ("ML6", "float64", 0, 0.1),
)


def link_to(port: int, path: str = "", within_s: float = PATIENT_S) -> Link:
    """Return a link that is connected."""
    link = DRIVER.open_link(DRIVER.parse_endpoint(f"s7://127.0.0.1:{port}{path}"), None)
    try:
        link.connect(monotonic() + within_s)
    except BaseException:
        link.close()
        raise
    return link


def read(link: Link, tags: Sequence[Tag], within_s: float = PATIENT_S) -> Sequence[Reading]:
    """Return the readings of some tags."""
    plan = DRIVER.plan(tags, DRIVER.parse_endpoint("s7://127.0.0.1"))
    return link.read(plan, monotonic() + within_s)
