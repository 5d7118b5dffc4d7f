"""The links through the plant's query files: they run, return their columns, and mean the plant's own time.

Each file is asked for one row of the last window. `row_times` judges the times in the rows, and `locks` says
who holds a lock.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from plantpulse.cli.checks import locks, row_times
from plantpulse.cli.checks.findings import Found, Link
from plantpulse.errors import (
    PermanentError,
    PlantpulseError,
    SourceLocked,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
)
from plantpulse.live_pulse.safety_codes import between_bars
from plantpulse.plant.cells import Malformed, read_optional_time
from plantpulse.plant.local_time import local_bounds, to_local
from plantpulse.plant.oee_scale import doubt_of_scale, reported_figures
from plantpulse.schedules.slots import Window
from plantpulse.settings import PlantSettings, Settings
from plantpulse.settings.plant import windows_name
from plantpulse.source.catalogue import lock_holders_query, offset_columns_query
from plantpulse.source.query_files import Query, load_queries, table_names
from plantpulse.source.sqlserver import SourceConnection

# A poll works without their tables, or reads more rows without the sums.
OPTIONAL: Final = frozenset({"oee", "quality", "labor", "output_sums"})
MOST_FIGURES: Final = 1000
MOST_COLUMNS: Final = 500
MOST_HOLDERS: Final = 100
MOST_NEWEST: Final = 100
_FILES: Final = ("output", "output_sums", "downtime", "safety_codes", "safety", "oee", "quality", "labor")
# The files that return their newest rows first, and the column that tells the time.
_NEWEST: Final = {"output": "last_at", "oee": "at", "downtime": "started_at"}
_OBJECT: Final = re.compile(r"object '([^']+)'.*schema '([^']+)'")


@dataclass(frozen=True)
class QueryLinks:
    """The links of one plant's query files, over the connection that the login has opened."""

    name: str
    settings: Settings
    now: Callable[[], datetime]
    connection: Callable[[], SourceConnection]

    @property
    def _plant(self) -> PlantSettings:
        return self.settings.plants[self.name]

    def in_order(self) -> list[Link]:
        """Return the links: each query file in the order of a poll, then the times of the rows."""
        files = [
            Link(f"{name}.sql", partial(self._try, name), partial(self._remedy, name), is_needed=False)
            for name in _FILES
        ]
        return [*files, Link("row times", self._look_at_times, is_needed=False)]

    def _try(self, name: str) -> Found:
        query = load_queries(self._plant.queries_dir).get(name)
        if query is None and name == "output_sums":
            return Found("not asked: of it and output.sql, queries_dir has only one")
        if query is None:
            return Found(
                "missing: safety.sql compares reason codes by the server's collation, and may miss some",
                "put a safety_codes.sql into queries_dir (docs/how-to-custom-queries.md)",
            )
        try:
            rows = self._read(query)
        except (SourceTableMissing, SourceTableDenied) as error:
            if name not in OPTIONAL:
                raise
            return Found(f"polls work without it: {error}", self._remedy(name, error))
        doubt = doubt_of_scale(reported_figures(rows), self._plant.oee_scale) if name == "oee" else None
        if doubt:
            return Found(doubt.message, f"set plants.{self.name}.oee_scale: {doubt.fitting_scale}")
        return Found(f"returns {', '.join(query.columns)}")

    def _read(self, query: Query) -> Sequence[Sequence[Any]]:
        """Return one row of the last window: the columns matter, not the rows.

        Only for OEE it reads a day, because the scale shows in many figures and perhaps not in this hour's.
        """
        is_oee = query.name == "oee"
        minutes = self.settings.live_pulse_of(self.name).window_minutes
        length = timedelta(days=1) if is_oee else timedelta(minutes=minutes)
        until = self.now().replace(microsecond=0)
        window = Window(until - length, until)
        return self._read_window(query, window, limit=MOST_FIGURES if is_oee else 1, bucket=length)

    def _read_window(
        self, query: Query, window: Window, *, limit: int, bucket: timedelta
    ) -> Sequence[Sequence[Any]]:
        bounds = local_bounds(window, self._zone)
        parameters = {
            "from": bounds.start,
            "until": bounds.until,
            "limit": limit,
            "bucket_s": round(bucket.total_seconds()),
            "reason_codes": between_bars(self._plant.safety_reason_codes),
        }
        return self.connection().read(query, parameters).rows

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._plant.time_zone)

    def _look_at_times(self) -> Found:
        """Look at the types of the columns, and at how old the newest rows are by the server's clock."""
        queries = load_queries(self._plant.queries_dir)
        clock = self.connection().ask_clock()
        here = clock.utc_now.astimezone(self._zone).utcoffset() or timedelta()
        clocks = {
            row_times.UTC_CLOCK: -here,
            row_times.SERVERS_CLOCK: timedelta(minutes=clock.utc_offset_minutes) - here,
        }
        newest = {
            name: self._newest(queries[name], column, clock.utc_now) for name, column in _NEWEST.items()
        }
        now = to_local(clock.utc_now, self._zone)
        ages = {name: now - at for name, at in newest.items() if at is not None}
        naive = row_times.find_naive_bounds(queries.values(), self._offset_columns())
        return row_times.judge_times(naive, ages, clocks, windows_name(self._plant.time_zone) or "...")

    def _offset_columns(self) -> list[tuple[str, str]]:
        try:
            rows = self.connection().read(offset_columns_query(), {"limit": MOST_COLUMNS}).rows
        except PermanentError:  # another engine: its columns are as the files say
            return []
        return [(str(table), str(column)) for table, column in rows]

    def _newest(self, query: Query, column: str, now: datetime) -> datetime | None:
        """Return when the newest row around now was, on the plant's clock; None if that cannot be read.

        Of output it is exact to a bucket, which is enough. It looks as far ahead as clocks can be.
        """
        window = Window(now - timedelta(days=1), now + timedelta(hours=15))
        try:
            rows = self._read_window(query, window, limit=MOST_NEWEST, bucket=timedelta(minutes=15))
        except PlantpulseError:  # the file's own link says it
            return None
        position = query.columns.index(column)
        return max(filter(None, (_local_time(row[position], self._zone) for row in rows)), default=None)

    def _remedy(self, name: str, error: PlantpulseError) -> str:
        if isinstance(error, SourceLocked):
            return self._who_holds_the_lock(load_queries(self._plant.queries_dir)[name])
        if isinstance(error, SourceTableDenied):
            user = self.settings.sql_server_of(self.name).user
            return f"as a DBA: GRANT SELECT ON {_object_in(str(error))} TO [{user}]"
        if isinstance(error, SourceTableMissing):
            return "put a file of this name that reads the plant's own tables into queries_dir"
        if isinstance(error, SourceSchemaMismatch):
            return "name the columns in a file of this name in queries_dir (docs/how-to-custom-queries.md)"
        return "do what the message says"

    def _who_holds_the_lock(self, query: Query) -> str:
        """Look once, over the open connection: a lock time-out leaves it alive, and its bounds hold."""
        try:
            rows = self.connection().read(lock_holders_query(), {"limit": MOST_HOLDERS}).rows
        except PermanentError:
            return locks.NOT_ALLOWED
        except PlantpulseError as error:
            return f"which session holds the lock could not be asked: {error}"
        return locks.describe_holders(rows, table_names(query))


def _local_time(value: Any, zone: ZoneInfo) -> datetime | None:
    try:
        return read_optional_time(value, zone)
    except Malformed:
        return None


def _object_in(message: str) -> str:
    found = _OBJECT.search(message)
    return f"[{found[2]}].[{found[1]}]" if found else "the table that the file reads"
