"""The memory of the controller that the tests read, and links to it."""

import struct
from collections.abc import Sequence
from time import monotonic
from typing import Final

from plantpulse.tags.drivers.slmp import DRIVER
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading, Value
from plantpulse.tags.tag import DataType, Tag
from tests.patience import PATIENT_S
from tests.tags.servers.aslmp_server import Memory


def words(raw: bytes) -> list[int]:
    """Return words of a controller, the low byte of each first."""
    return list(struct.unpack(f"<{len(raw) // 2}H", raw))


MEMORY: Final[Memory] = {
    "D": {
        0: words(struct.pack("<HhiIfqQd", 65535, -2, -70000, 4294967295, 12.3, 2**53 + 1, 2**64 - 1, -0.001)),
        50: words(struct.pack(">f", 12.3)),
        60: words(b"Los 4711\0\0"),
        70: words("部品-A".encode("shift_jis").ljust(10, b"\0")),
        80: words("Şişe İı Ğğ".encode("cp1254")),
        90: words("Γραμμή 部品".encode("utf-16-le").ljust(24, b"\0")),
        100: [0b0000_0100_0010_0001],
        110: words(struct.pack("<f", float("nan"))),
        7998: [7998, 7999],
        **{at: [at] for at in range(1000, 1500)},
        **{at: [at] for at in range(2000, 3200, 10)},
    },
    "W": {0x1F: [31]},
    "R": {5: [5]},
    "SD": {100: [100]},
    "TN": {5: [55]},
    "STN": {6: [66]},
    "CN": {7: [77]},
    "M": {0: [True, False, True], 8191: [True]},
    "X": {0o17: [True, False]},
    "Y": {0o20: [True]},
    "B": {0x1F: [True]},
    "L": {3: [True]},
    "SM": {400: [True]},
}
# Each address with its type, its length and the value that it has in an FX5U.
VALUES: Final[Sequence[tuple[str, DataType, int, Value]]] = (
    ("D0", "uint16", 0, 65535),
    ("d1", "int16", 0, -2),
    ("D2", "int32", 0, -70000),
    ("D4", "uint32", 0, 4294967295),
    ("D6", "float32", 0, 12.3),
    ("D8", "int64", 0, 2**53 + 1),
    ("D12", "uint64", 0, 2**64 - 1),
    ("D16", "float64", 0, -0.001),
    ("D60", "string", 10, "Los 4711"),
    ("D60", "string", 5, "Los 4"),
    ("D100", "uint8", 0, 0b0010_0001),
    ("D100.0", "bool", 0, True),
    ("D100.1", "bool", 0, False),
    ("D100.A", "bool", 0, True),
    ("D7999", "uint16", 0, 7999),
    ("W1F", "int16", 0, 31),
    ("R5", "int16", 0, 5),
    ("SD100", "uint16", 0, 100),
    ("TN5", "uint16", 0, 55),
    ("T5", "uint16", 0, 55),
    ("ST6", "uint16", 0, 66),
    ("C7", "uint16", 0, 77),
    ("M0", "bool", 0, True),
    ("M1", "bool", 0, False),
    ("M8191", "bool", 0, True),
    ("X17", "bool", 0, True),
    ("X20", "bool", 0, False),
    ("Y20", "bool", 0, True),
    ("B1F", "bool", 0, True),
    ("L3", "bool", 0, True),
    ("SM400", "bool", 0, True),
)
OPTIONS: Final = "?series=iqf"


def link_to(port: int, options: str = OPTIONS, within_s: float = PATIENT_S) -> Link:
    """Return a link that is connected."""
    link = DRIVER.open_link(DRIVER.parse_endpoint(f"slmp://127.0.0.1:{port}{options}"), None)
    try:
        link.connect(monotonic() + within_s)
    except BaseException:
        link.close()
        raise
    return link


def read(
    link: Link, tags: Sequence[Tag], within_s: float = PATIENT_S, options: str = OPTIONS
) -> Sequence[Reading]:
    """Return the readings of some tags."""
    plan = DRIVER.plan(tags, DRIVER.parse_endpoint(f"slmp://127.0.0.1:1025{options}"))
    return link.read(plan, monotonic() + within_s)
