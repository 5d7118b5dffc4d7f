"""A SQL Server that holds incidents with texts that only SQL Server stores: NUL, halves of a UTF-16 pair.

It answers the six query files byte by byte, as the files ask: with a blank behind every text.
"""

import socket
import struct
from collections.abc import Sequence
from datetime import datetime

from devstack.plant.dirt import Entry
from devstack.sqlserver import tokens
from devstack.sqlserver.packets import PacketStream
from plantpulse.plant.readings import COLUMNS
from tests.faults.scripted_server import DATETIME2_WHOLE_SECONDS, Answer, end

_TEXT = b"\xe7" + struct.pack("<H", 8000) + tokens.COLLATION
_INT = b"\x26\x04"
_SAFETY_TYPES = (_TEXT, _TEXT, _TEXT, DATETIME2_WHOLE_SECONDS, _INT, _TEXT)
# By what only one file's text has; the downtime file comes last, as it reads the table of the safety file.
_FILES = {
    "charindex": "safety",
    "typed.reason_code": "safety_codes",
    "production_data": "output",
    "oee_metrics": "oee",
    "quality_records": "quality",
    "labor_records": "labor",
    "downtime_records": "downtime",
}


def answers(incidents: Sequence[Entry]) -> dict[str, Answer]:
    """Return the answers, by a word of the statement, of a server that holds the incidents and no more."""
    rows = b"".join(_incident(number, entry) for number, entry in enumerate(incidents, start=1))
    found = {word: _answer(name, [_INT] * len(COLUMNS[name]), b"") for word, name in _FILES.items()}
    codes = dict.fromkeys(str(entry.values["reason_code"]) for entry in incidents)
    spellings = b"".join(b"\xd1" + _text(f"{code} ") for code in codes)
    return found | {
        "charindex": _answer("safety", list(_SAFETY_TYPES), rows),
        "typed.reason_code": _answer("safety_codes", [_TEXT], spellings),
    }


def _answer(name: str, types: list[bytes], rows: bytes) -> Answer:
    columns = tokens.column_metadata(list(zip(COLUMNS[name], types, strict=True)))

    def answer(wire: PacketStream, client: socket.socket) -> None:
        wire.write(columns + rows + end())
        wire.end_message()

    return answer


def _incident(number: int, entry: Entry) -> bytes:
    asset, code, minutes, at, notes = entry.values.values()
    assert isinstance(at, datetime)
    assert isinstance(minutes, int)
    return b"".join(
        (
            b"\xd1",
            _text(str(number)),
            _text(f"{asset} "),
            _text(f"{code} "),
            _datetime2(at),
            b"\x04" + struct.pack("<i", minutes),
            _text(f"{notes} "),
        )
    )


def _text(text: str) -> bytes:
    raw = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<H", len(raw)) + raw


def _datetime2(at: datetime) -> bytes:
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return b"\x06" + seconds.to_bytes(3, "little") + (at.toordinal() - 1).to_bytes(3, "little")
