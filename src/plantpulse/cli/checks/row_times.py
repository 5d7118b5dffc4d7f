"""Whether the times in the plant's rows are what query files take them for: the plant's own clock. Pure.

Two signs of another clock: a column with an offset beside bounds that have none, and newest rows that are as
far off as that clock is.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from plantpulse.cli.checks.findings import Found
from plantpulse.plant.rounding import shown_span
from plantpulse.source.query_files import Query, table_names

UTC_CLOCK: Final = "UTC"
SERVERS_CLOCK: Final = "the server's clock"
_HOW_TO: Final = "docs/how-to-custom-queries.md"
_TOLERANCE: Final = timedelta(minutes=5)
# Also in a plant at work the newest row is not of this minute. Rows that look old are named only if they are
# hardly older than the other clock makes them, because any row may be old.
_LATEST_ROW: Final = timedelta(hours=1)
_LATEST_OLD_ROW: Final = timedelta(minutes=30)
# Compiled on use, once a check.
_NO_CODE: Final = r"(?s)--[^\n]*|/\*.*?\*/"
_COLUMN: Final = r"(\[[^\]]+\]|\"[^\"]+\"|[A-Za-z_][\w$#]*)"
_BOUND: Final = r"@(?:from|until)\b(?!\s+at\s+time\s+zone)"
_COMPARISONS: Final = (
    rf"(?i){_COLUMN}\s*(?:>=|<=|<>|>|<|=)\s*{_BOUND}",
    rf"(?i){_COLUMN}\s+between\s+{_BOUND}",
    rf"(?i){_BOUND}\s*(?:>=|<=|<>|>|<|=)\s*(?:{_COLUMN}\.)*{_COLUMN}",
)


def find_naive_bounds(queries: Iterable[Query], offset_columns: Collection[tuple[str, str]]) -> list[str]:
    """Return the columns with an offset that files compare with a bound without one: `output.sql: T.C`.

    `offset_columns` are (table, column), as the catalogue spells them.
    """
    return [f"{query.file_name}: {name}" for query in queries for name in _naive_in(query, offset_columns)]


def _naive_in(query: Query, offset_columns: Collection[tuple[str, str]]) -> Iterator[str]:
    tables = table_names(query)
    code = re.sub(_NO_CODE, " ", query.sql)
    found = [part for pattern in _COMPARISONS for part in re.findall(pattern, code)]
    compared = {_bare(name) for part in found for name in ([part] if isinstance(part, str) else part)}
    for table, column in offset_columns:
        if table.lower() in tables and column.lower() in compared:
            yield f"{table}.{column}"


def _bare(name: str) -> str:
    return name.strip().strip('[]"').lower()


def judge_times(
    naive_bounds: Collection[str], ages: Mapping[str, timedelta], clocks: Mapping[str, timedelta], zone: str
) -> Found:
    """Return what is wrong with the times of the plant's rows.

    `ages`: how old the newest row of each query is by the plant's clock, below zero in the future. `clocks`:
    how far other clocks are ahead of it. `zone`: the Windows name of the plant's time zone.
    """
    if naive_bounds:
        return Found(
            f"a datetimeoffset is compared with a bound without an offset, which SQL Server takes for UTC: "
            f"{', '.join(naive_bounds)}",
            f"give the bounds their zone in a file of your own: @from at time zone '{zone}' ({_HOW_TO})",
            is_wrong=True,
        )
    doubts = (_doubt(query, age, clocks, zone) for query, age in ages.items())
    if doubt := next(filter(None, doubts), None):
        return doubt
    if not ages:
        return Found("no rows in the last day to look at")
    return Found("newest rows: " + ", ".join(f"{query} {_told(age)}" for query, age in ages.items()))


def _told(age: timedelta) -> str:
    return f"{shown_span(age)} old" if age >= timedelta() else "now"


def _doubt(query: str, age: timedelta, clocks: Mapping[str, timedelta], zone: str) -> Found | None:
    like = next((clock for clock, ahead in clocks.items() if _is_like(age, ahead)), None)
    if like is None and -age <= _TOLERANCE:
        return None
    seen = f"{shown_span(-age)} in the future" if age < timedelta() else f"{shown_span(age)} old"
    message = f"the newest row of {query}.sql is {seen}"
    if like is None:
        return Found(message, "look at the clock of what writes these rows, and at the zone of their times")
    side = "ahead of" if age < timedelta() else "behind"
    remedy = (
        f"if the column holds UTC: read it AT TIME ZONE 'UTC' AT TIME ZONE '{zone}' ({_HOW_TO})"
        if like == UTC_CLOCK
        else "if the rows are written by that clock: set time_zone to its zone"
    )
    return Found(f"{message}, about as far as {like} is {side} the plant's clock", remedy)


def _is_like(age: timedelta, ahead: timedelta) -> bool:
    """Say whether a row of this age is a fresh one of a clock that is so far ahead."""
    if ahead > timedelta():
        return -_TOLERANCE <= age + ahead < _LATEST_ROW and -age > _TOLERANCE
    if ahead < timedelta():
        return -_TOLERANCE <= age + ahead < _LATEST_OLD_ROW
    return False
