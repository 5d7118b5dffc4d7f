"""Reads JSON from outside as strictly as it can be read: nothing is guessed, and no number becomes a float.

Pure. Python's own reader takes NaN, and of two values of one name the last; here both are errors.
"""

import json
import re
from datetime import date
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

from plantpulse.runs import Json

Kind = TypeVar("Kind")

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,20})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_DIGITS: Final = 40
_LARGEST_EXPONENT: Final = 20
_NAMES: Final = {dict: "object", list: "list", str: "text", int: "whole number"}


class Malformed(Exception):
    """A document is not what it should be; the message says where."""


def document_of(content: bytes) -> dict[str, Json]:
    """Return the JSON object of a reply; its numbers are Decimal or int. Raises: Malformed."""
    try:
        document = json.loads(
            content.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise Malformed(f"it is no JSON ({why})") from None
    if not isinstance(document, dict):
        raise Malformed("it is no JSON object")
    return document


def member(of: Json, name: str, kind: type[Kind]) -> Kind:
    """Return one member of an object. Raises: Malformed if it is missing or of another kind."""
    value = of.get(name) if isinstance(of, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Malformed(f"its {name} is missing or no {_NAMES[kind]}")
    return value


def first(of: Json, name: str) -> dict[str, Json]:
    """Return the only object of a list, as APIs have it that can answer for many. Raises: Malformed."""
    values = member(of, name, list)
    if len(values) != 1 or not isinstance(values[0], dict):
        raise Malformed(f"its {name} has {len(values)} entries instead of one object")
    return values[0]


def number(value: Json) -> Decimal:
    """Return a number that was written as one or as text. Raises: ValueError."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        decimal = Decimal(value)
        if len(decimal.as_tuple().digits) <= _MOST_DIGITS and abs(decimal.adjusted()) <= _LARGEST_EXPONENT:
            return decimal
    raise ValueError("its value is no number")


def whole(value: Json) -> int:
    """Return a count that was written as number or as text. Raises: Malformed."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    raise Malformed("a count is no whole number")


def day(text: str) -> date:
    """Return a date that was written as YYYY-MM-DD. Raises: ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError("its date is none")
    return date.fromisoformat(text)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("two values of one name")
    return members


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
