"""Columns of a result: from Postgres' binary format straight to TDS values, one function a type.

No Python value is made in between, so that a long result costs little. Source: Postgres' `*send`
functions for what comes in, MS-TDS 2.2.5.4 and 2.2.5.5 for what goes out.
"""

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from devstack.sqlserver.errors import SqlServerError
from devstack.sqlserver.tokens import COLLATION

Encoder = Callable[[bytes], bytes]

_SHORT_NULL: Final = b"\x00"
_LONG_NULL: Final = b"\xff\xff"
_MAX_NULL: Final = b"\xff" * 8
_MAX_END: Final = b"\x00\x00\x00\x00"
# Postgres counts from 2000-01-01, SQL Server from 0001-01-01.
_DAYS_BEFORE_2000: Final = date(2000, 1, 1).toordinal() - 1
_LAST_DAY: Final = date(9999, 12, 31).toordinal() - 1
_DAY_US: Final = 86_400_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
# An expression has no declared scale in Postgres: at least so many digits, like SQL Server's division.
_FREE_SCALE: Final = 6
_MAX_PRECISION: Final = 38


@dataclass(frozen=True)
class Column:
    """One column of a result: its TYPE_INFO, how a value is written, how NULL is."""

    type_info: bytes
    encode: Encoder
    null: bytes


def column_for(oid: int, modifier: int, *, own_types: dict[int, str], scale: int = 0) -> Column:
    """The column for a Postgres type; `own_types` names the oids of schema mssql.

    `scale` is how many decimal places a numeric without a declared scale needs at least.

    Raises: SqlServerError: the stand-in does not serve that type.
    """
    name = own_types.get(oid) or _TYPE_NAMES.get(oid)
    if name is None:
        raise SqlServerError(50000, f"the stand-in does not serve the Postgres type {oid}")
    if name == "numeric":
        return _numeric(modifier, scale)
    if name in _SIZED_COLUMNS:
        return _SIZED_COLUMNS[name](modifier)
    return _FIXED_COLUMNS[name]


def _swapped(length: int) -> Encoder:
    prefix = bytes([length])
    return lambda raw: prefix + raw[::-1]


def _tinyint(raw: bytes) -> bytes:
    return bytes((1, raw[1]))


def _date(raw: bytes) -> bytes:
    return b"\x03" + _days(int.from_bytes(raw, "big", signed=True) + _DAYS_BEFORE_2000)


def _days(days: int) -> bytes:
    if not 0 <= days <= _LAST_DAY:
        raise SqlServerError(241, "Conversion failed when converting date and/or time from character string.")
    return days.to_bytes(3, "little")


def _guid(raw: bytes) -> bytes:
    return b"\x10" + uuid.UUID(bytes=raw).bytes_le


def _max_value(value: bytes) -> bytes:
    """A value of a (max) type: its length, one chunk, the end mark."""
    chunk = struct.pack("<I", len(value)) + value if value else b""
    return struct.pack("<Q", len(value)) + chunk + _MAX_END


def _padded_text(modifier: int) -> Column:
    return _short_text(modifier - 4, token=0xEF) if modifier > 4 else _text(-1)


def _text(modifier: int) -> Column:
    characters = modifier - 4
    if 0 < characters <= 4000:
        return _short_text(characters, token=0xE7)
    return Column(
        b"\xe7\xff\xff" + COLLATION,
        lambda raw: _max_value(raw.decode("utf-8").encode("utf-16-le")),
        _MAX_NULL,
    )


def _short_text(characters: int, *, token: int) -> Column:
    def encode(raw: bytes) -> bytes:
        value = raw.decode("utf-8").encode("utf-16-le")
        return struct.pack("<H", len(value)) + value

    # Twice as many code units: a character beyond the basic plane takes two.
    room = min(4 * characters, 8000)
    return Column(struct.pack("<BH", token, room) + COLLATION, encode, _LONG_NULL)


def _numeric(modifier: int, scale_seen: int) -> Column:
    if modifier >= 4:
        precision, scale = ((modifier - 4) >> 16) & 0xFFFF, (modifier - 4) & 0x7FF
    else:
        precision, scale = _MAX_PRECISION, max(scale_seen, _FREE_SCALE)

    def encode(raw: bytes) -> bytes:
        is_negative, value = _scaled(raw, scale)
        if value >= 10**_MAX_PRECISION:
            raise SqlServerError(
                8115, "Arithmetic overflow error converting expression to data type numeric."
            )
        return b"\x11" + (b"\x00" if is_negative else b"\x01") + value.to_bytes(16, "little")

    return Column(struct.pack("<BBBB", 0x6C, 17, min(precision, _MAX_PRECISION), scale), encode, _SHORT_NULL)


def _scaled(raw: bytes, scale: int) -> tuple[bool, int]:
    """Sign and magnitude of a binary numeric times ten to the scale, rounded half up."""
    count, weight, sign, _ = struct.unpack_from(">hhHH", raw)
    if sign not in (0x0000, 0x4000):
        raise SqlServerError(8115, "Arithmetic overflow error converting expression to data type numeric.")
    digits = struct.unpack_from(f">{count}h", raw, 8)
    value = 0
    for digit in digits:
        value = value * 10_000 + digit
    exponent = 4 * (weight - count + 1) + scale
    if exponent >= 0:
        value *= 10**exponent
    else:
        value = (value + 10**-exponent // 2) // 10**-exponent
    return sign == 0x4000, value


def numeric_scale(raw: bytes) -> int:
    """How many decimal places a binary numeric shows."""
    return int.from_bytes(raw[6:8], "big")


def _time_of_day(us: int, scale: int) -> bytes:
    ticks: int = us * 10 // 10 ** (7 - scale)
    length = 3 if scale < 3 else 4 if scale < 5 else 5
    return ticks.to_bytes(length, "little")


def _scale_of(modifier: int) -> int:
    """SQL Server's scale for a Postgres precision; none, and Postgres' finest, become SQL Server's finest."""
    return modifier if 0 <= modifier < 6 else 7


def _time(modifier: int) -> Column:
    scale = _scale_of(modifier)

    def encode(raw: bytes) -> bytes:
        value = _time_of_day(int.from_bytes(raw, "big"), scale)
        return bytes([len(value)]) + value

    return Column(bytes([0x29, scale]), encode, _SHORT_NULL)


def _datetime2(modifier: int) -> Column:
    scale = _scale_of(modifier)

    def encode(raw: bytes) -> bytes:
        days, us = divmod(int.from_bytes(raw, "big", signed=True), _DAY_US)
        value = _time_of_day(us, scale) + _days(days + _DAYS_BEFORE_2000)
        return bytes([len(value)]) + value

    return Column(bytes([0x2A, scale]), encode, _SHORT_NULL)


def _datetimeoffset(modifier: int) -> Column:
    """From the text of schema mssql: time and date in UTC, then the offset in minutes."""
    scale = _scale_of(modifier)

    def encode(raw: bytes) -> bytes:
        shown = datetime.fromisoformat(raw.decode().replace(" +", "+").replace(" -", "-"))
        minutes = int((shown.utcoffset() or timedelta()).total_seconds()) // 60
        of_day = timedelta(hours=shown.hour, minutes=shown.minute - minutes, seconds=shown.second)
        days, us = divmod(of_day // _MICROSECOND + shown.microsecond, _DAY_US)
        value = _time_of_day(us, scale) + _days(shown.toordinal() - 1 + days) + struct.pack("<h", minutes)
        return bytes([len(value)]) + value

    return Column(bytes([0x2B, scale]), encode, _SHORT_NULL)


_FIXED_COLUMNS: Final = {
    "int2": Column(b"\x26\x02", _swapped(2), _SHORT_NULL),
    "int4": Column(b"\x26\x04", _swapped(4), _SHORT_NULL),
    "int8": Column(b"\x26\x08", _swapped(8), _SHORT_NULL),
    "float4": Column(b"\x6d\x04", _swapped(4), _SHORT_NULL),
    "float8": Column(b"\x6d\x08", _swapped(8), _SHORT_NULL),
    "bool": Column(b"\x68\x01", _swapped(1), _SHORT_NULL),
    "bit": Column(b"\x68\x01", _tinyint, _SHORT_NULL),
    "tinyint": Column(b"\x26\x01", _tinyint, _SHORT_NULL),
    "date": Column(b"\x28", _date, _SHORT_NULL),
    "uuid": Column(b"\x24\x10", _guid, _SHORT_NULL),
    "bytea": Column(b"\xa5\xff\xff", _max_value, _MAX_NULL),
}
_SIZED_COLUMNS: Final = {
    "text": _text,
    "bpchar": _padded_text,
    "timestamp": _datetime2,
    "time": _time,
    "datetimeoffset": _datetimeoffset,
}
_TYPE_NAMES: Final = {
    16: "bool",
    17: "bytea",
    19: "text",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "text",
    114: "text",
    700: "float4",
    701: "float8",
    705: "text",
    1042: "bpchar",
    1043: "text",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1700: "numeric",
    2950: "uuid",
}
