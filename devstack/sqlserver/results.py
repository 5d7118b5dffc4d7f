"""Rows on their way out: COLMETADATA once, then a ROW for each, chunk by chunk."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from psycopg import pq

from devstack.sqlserver.columns import Column, column_for, numeric_scale
from devstack.sqlserver.faults import Faults
from devstack.sqlserver.response import Response
from devstack.sqlserver.tokens import column_metadata

_ROW: Final = b"\xd1"
_NUMERIC: Final = 1700


def write_rows(
    results: Iterator[pq.abc.PGresult],
    names: Callable[[str], str] | tuple[str, ...],
    response: Response,
    *,
    own_types: dict[int, str],
    faults: Faults,
) -> int:
    """Write a result as it arrives and return how many rows it had, or how many were changed.

    `names` are the columns' names, or turn Postgres' name of a column into what the client shall see.
    """
    first = next(results, None)
    if first is None or first.nfields == 0:
        for _ in results:
            pass
        return (first.command_tuples or 0) if first else 0
    columns = [_column(first, index, own_types) for index in range(first.nfields)]
    titles = names if isinstance(names, tuple) else [names(name) for name in _names_in(first)]
    response.write(column_metadata(list(zip(titles, (one.type_info for one in columns), strict=True))))
    is_cut = faults.takes_cut()
    rows = 0
    for result in chain((first,), results):
        count = result.ntuples // 2 if is_cut else result.ntuples
        response.write(b"".join(_row(result, row, columns) for row in range(count)))
        rows += count
        if is_cut:
            response.cut()
    return rows


def _names_in(first: pq.abc.PGresult) -> list[str]:
    return [(first.fname(index) or b"").decode() for index in range(first.nfields)]


def _column(first: pq.abc.PGresult, index: int, own_types: dict[int, str]) -> Column:
    oid, modifier = first.ftype(index), first.fmod(index)
    scale = 0
    if oid == _NUMERIC and modifier < 0:
        values = (first.get_value(row, index) for row in range(first.ntuples))
        scale = max((numeric_scale(value) for value in values if value is not None), default=0)
    return column_for(oid, modifier, own_types=own_types, scale=scale)


def _row(result: pq.abc.PGresult, row: int, columns: list[Column]) -> bytes:
    values = [_ROW]
    for index, column in enumerate(columns):
        value = result.get_value(row, index)
        values.append(column.null if value is None else column.encode(value))
    return b"".join(values)
