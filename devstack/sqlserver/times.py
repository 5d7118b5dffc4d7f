"""Dates and times of T-SQL, one node at a time: their functions, AT TIME ZONE, and CONVERT with a style.

What they return is stated in `times.sql`; here stands only how they are written there. Source: the pages of
Transact-SQL that `times.sql` names.
"""

import re
from typing import Final

from sqlglot import exp

from devstack.sqlserver.dialect import TSql
from devstack.sqlserver.errors import SqlServerError

_PARTS: Final = {
    **dict.fromkeys(("year", "yy", "yyyy"), "year"),
    **dict.fromkeys(("quarter", "qq", "q"), "quarter"),
    **dict.fromkeys(("month", "mm", "m"), "month"),
    **dict.fromkeys(("dayofyear", "dy", "y"), "dayofyear"),
    **dict.fromkeys(("day", "dd", "d"), "day"),
    **dict.fromkeys(("week", "wk", "ww"), "week"),
    **dict.fromkeys(("weekday", "dw", "w"), "weekday"),
    **dict.fromkeys(("hour", "hh"), "hour"),
    **dict.fromkeys(("minute", "mi", "n"), "minute"),
    **dict.fromkeys(("second", "ss", "s"), "second"),
    **dict.fromkeys(("millisecond", "ms"), "millisecond"),
    **dict.fromkeys(("microsecond", "mcs"), "microsecond"),
    **dict.fromkeys(("nanosecond", "ns"), "nanosecond"),
    **dict.fromkeys(("tzoffset", "tz"), "tz"),
    **dict.fromkeys(("iso_week", "isowk", "isoww"), "iso_week"),
}
_OF_A_PART: Final = frozenset(("dateadd", "datediff", "datediff_big", "datepart"))
_PART_BY_NAME: Final = frozenset(("year", "month", "day"))
FUNCTIONS: Final = _OF_A_PART | _PART_BY_NAME
_TIME_ALONE: Final = re.compile(r"\s*\d{1,2}:\d")
_WITH_OFFSET: Final = re.compile(r".*\d(?:\s*[+-]\d\d:\d\d|[Zz])\s*")
_TEXTS: Final = frozenset(
    (exp.DType.CHAR, exp.DType.NCHAR, exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.TEXT)
)
_TIMES: Final = frozenset(
    (exp.DType.DATE, exp.DType.TIME, exp.DType.DATETIME, exp.DType.DATETIME2, exp.DType.SMALLDATETIME)
)


def translate_date_function(function: exp.Anonymous, name: str) -> None:
    """Name the part of a date as `times.sql` does. Raises: SqlServerError: 155, no such part."""
    if name in _PART_BY_NAME:
        function.set("this", "datepart")
        function.set("expressions", [exp.Literal.string(name), *map(_as_time, function.expressions)])
        return
    if not function.expressions:
        return
    part, *arguments = function.expressions
    if part.name.lower() not in _PARTS:
        raise SqlServerError(155, f"'{part.name}' is not a recognized {function.name} option.")
    literal = exp.Literal.string(_PARTS[part.name.lower()])
    function.set("expressions", [literal, *map(_as_time, arguments)])


def translate_zone(node: exp.AtTimeZone) -> None:
    """AT TIME ZONE knows Windows names alone, so it is a function of its own."""
    node.replace(exp.Anonymous(this="at_time_zone", expressions=[node.this, node.args["zone"]]))


def replace_convert(convert: exp.Convert) -> exp.Cast:
    """Put the cast in place of CONVERT that it is; between texts and times its style decides."""
    kind, value, style = convert.this, convert.expression, convert.args.get("style")
    is_safe = bool(convert.args.get("safe"))
    if style is not None and (name := _styled(kind)):
        tried = "try_convert_time" if is_safe and name == "convert_time" else name
        value = exp.Anonymous(this=tried, expressions=[value, style])
    cast = (exp.TryCast if is_safe else exp.Cast)(this=value, to=kind)
    convert.replace(cast)
    return cast


def _styled(kind: exp.DataType) -> str | None:
    if kind.this in _TEXTS:
        return "convert_text"
    if kind.this in _TIMES:
        return "convert_time"
    return "convert_offset" if kind.this == exp.DType.TIMESTAMPTZ else None


def _as_time(argument: exp.Expr) -> exp.Expr:
    """A string literal in a date function is a datetime2, or with an offset a datetimeoffset."""
    if not (isinstance(argument, exp.National) or argument.is_string):
        return argument
    text = argument.name
    written = f"1900-01-01 {text.strip()}" if _TIME_ALONE.match(text) else text
    kind = "datetimeoffset" if _WITH_OFFSET.fullmatch(text) else "datetime2"
    return exp.Cast(this=exp.Literal.string(written), to=exp.DataType.build(kind, dialect=TSql))
