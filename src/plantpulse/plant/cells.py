"""Readers for single values of a source row: a name, a number, a time, a text, or a reason to refuse it.

Pure, and made for values of any type, because a plant may bring its own queries. A bad value raises
`Malformed` inside this package; `readings` and `safety` turn it into a `Rejected` value.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.local_time import to_local
from plantpulse.plant.text import clean_text, collapse_blanks, cut_text, normalise_key

NAME_LIMIT: Final = 200
TEXT_LIMIT: Final = 2000
# Below the largest int (2,147,483,647), the value of a counter that was never set or ran over. Most plants
# count in int columns, where a higher limit would refuse nothing.
LARGEST_NUMBER: Final = 1e9
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

_SHOWN_LIMIT: Final = 200
_SAFE_INTEGER: Final = 2**63


class Reason(StrEnum):
    """Why a row was refused; fixed sentences, so that they can be counted."""

    WRONG_WIDTH = "the row has another number of columns than its query's contract"
    NAME_MISSING = "the asset name is missing or blank"
    NAME_NOT_TEXT = "the asset name is not text"
    NAME_TOO_LONG = "the asset name is longer than 200 characters"
    NUMBER_MISSING = "a required number is missing"
    NOT_A_NUMBER = "a value is not a finite number"
    NEGATIVE = "a count, share or duration is negative"
    ABSURD = "a value is beyond 1e9"
    BUCKET_OUT_OF_RANGE = "the bucket is not a whole number inside the span that was read"
    OEE_OUT_OF_RANGE = "the OEE is above 1000 percent: check the plant's OEE scale"
    TIME_MISSING = "a required time is missing"
    NOT_A_TIME = "a value is not a date and time"
    TIME_OUT_OF_RANGE = "a time is outside the years 1970 to 2199"
    REVERSED = "the downtime ends before it starts"
    REASON_CODE_MISSING = "the reason code is missing or not text"


class Malformed(Exception):
    """A bad value. It never leaves this package, where it becomes a `Rejected` value."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class AssetName(NamedTuple):
    """An asset's name in the source's spelling, without stray blanks, and the key for comparisons."""

    name: str
    key: str


def read_asset(value: object) -> AssetName:
    """Return the asset's name; a whole number counts as a name.

    Raises: Malformed.
    """
    if isinstance(value, str):
        return _asset_name(value)
    if value is None:
        raise Malformed(Reason.NAME_MISSING)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _SAFE_INTEGER:
        return _asset_name(str(value))
    raise Malformed(Reason.NAME_NOT_TEXT)


# A poll reads each name several times; the names of the largest plant fit.
@lru_cache(maxsize=16_384)
def _asset_name(text: str) -> AssetName:
    name = collapse_blanks(text)
    key = normalise_key(name)
    if not key:
        raise Malformed(Reason.NAME_MISSING)
    if len(name) > NAME_LIMIT:
        raise Malformed(Reason.NAME_TOO_LONG)
    return AssetName(name, key)


def read_number(value: object) -> float:
    """Return a finite number of at most 1e9, from int, float, Decimal or text.

    Raises: Malformed.
    """
    number = value if type(value) is float else _as_float(value)
    if -LARGEST_NUMBER <= number <= LARGEST_NUMBER:
        return number
    raise Malformed(Reason.ABSURD if isfinite(number) else Reason.NOT_A_NUMBER)


def read_count(value: object) -> float:
    """Return a number from zero on.

    Raises: Malformed.
    """
    number = read_number(value)
    if number < 0:
        raise Malformed(Reason.NEGATIVE)
    return number


def read_optional_count(value: object) -> float | None:
    """Return a number from zero on, None for NULL.

    Raises: Malformed.
    """
    return None if value is None else read_count(value)


def read_time(value: object, zone: ZoneInfo) -> datetime:
    """Return a naive plant-local time; an aware one is converted and keeps its `fold`.

    Text in ISO 8601 is accepted too.
    Raises: Malformed.
    """
    if value is None:
        raise Malformed(Reason.TIME_MISSING)
    if isinstance(value, str):
        value = _as_time(value)
    if not isinstance(value, datetime):
        raise Malformed(Reason.NOT_A_TIME)
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Malformed(Reason.TIME_OUT_OF_RANGE)
    return value if value.tzinfo is None else to_local(value, zone)


def read_optional_time(value: object, zone: ZoneInfo) -> datetime | None:
    """Return a naive plant-local time, None for NULL.

    Raises: Malformed.
    """
    return None if value is None else read_time(value, zone)


def read_text(value: object) -> str | None:
    """Return trimmed text of at most 2,000 characters; None for NULL, blanks and other types."""
    if not isinstance(value, str):
        return None
    return cut_text(clean_text(value[: 2 * TEXT_LIMIT]).strip(), TEXT_LIMIT) or None


def read_product_key(value: object) -> str:
    """Return the key of a product's name or number; empty for other types."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _SAFE_INTEGER:
        return str(value)
    return normalise_key(value[:NAME_LIMIT]) if isinstance(value, str) else ""


def read_code(value: object) -> str:
    """Return a reason code as typed, without stray blanks, with at most 200 characters.

    Raises: Malformed.
    """
    code = cut_text(collapse_blanks(value), NAME_LIMIT) if isinstance(value, str) else ""
    if not normalise_key(code):
        raise Malformed(Reason.REASON_CODE_MISSING)
    return code


def show_value(value: object) -> object:
    """Return the value in a form for JSON: for the record of refused rows, not for calculations."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # Trailing blanks have no meaning: a CHAR column pads with them, and the query files add one.
        return cut_text(clean_text(value[: 2 * _SHOWN_LIMIT]).rstrip(), _SHOWN_LIMIT)
    if isinstance(value, int):
        return int(value) if abs(value) < _SAFE_INTEGER else cut_text(hex(value), _SHOWN_LIMIT)
    if isinstance(value, float):
        return float(value) if isfinite(value) else str(value)
    return _show_other(value)


def _show_other(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return cut_text(str(value), _SHOWN_LIMIT)
    if isinstance(value, bytes):
        return cut_text("0x" + value[:_SHOWN_LIMIT].hex(), _SHOWN_LIMIT)
    return f"<{type(value).__name__}>"


def _as_float(value: object) -> float:
    if value is None:
        raise Malformed(Reason.NUMBER_MISSING)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise Malformed(Reason.NOT_A_NUMBER)
    if isinstance(value, str) and "_" in value:  # only Python writes numbers like this
        raise Malformed(Reason.NOT_A_NUMBER)
    try:
        return float(value)
    except OverflowError:
        raise Malformed(Reason.ABSURD) from None
    except ValueError:
        raise Malformed(Reason.NOT_A_NUMBER) from None


def _as_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise Malformed(Reason.NOT_A_TIME) from None
